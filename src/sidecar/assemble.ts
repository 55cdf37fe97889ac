import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { sequenceOf } from "../contract/layout.ts"
import type { KeepalivedModel } from "../core/model/keepalived-model.ts"
import { createPipeline } from "../core/pipeline.ts"
import type { TemplateName, TemplateTexts } from "../core/render/template.ts"
import type { Clock } from "../kit/clock.ts"
import type { Log } from "../kit/log.ts"
import { packageFile } from "../kit/package-file.ts"
import { adopt } from "./adopt.ts"
import { type Agent, createAgent } from "./agent.ts"
import type { AgentPorts } from "./agent-ports.ts"
import type { Snapshot } from "./agent-state.ts"
import { createHolderWait } from "./apply/holder.ts"
import { type Archivist, archivist } from "./archivist.ts"
import { clearRemains, restoreMissing } from "./drift.ts"
import { startServers } from "./http.ts"
import { createMasquerader, type Masquerader } from "./masquerader.ts"
import { createMetrics, type Metrics } from "./metrics.ts"
import { type HostFacts, nodeFactsOf } from "./node-facts.ts"
import type { NodeWatch } from "./nodes/node-watch.ts"
import { openNodeWatch } from "./nodes/open.ts"
import type { Keepalived, Kernel, Reading } from "./ports.ts"
import { startSchedule } from "./schedule.ts"
import type { SidecarSettings } from "./settings.ts"
import { statusOf } from "./status-report.ts"
import { verifyEffect } from "./verify.ts"
import { type Archive, openArchive, withinLimits } from "./volume/archive.ts"
import { type AppliedVolume, openAppliedVolume } from "./volume/config-files.ts"
import { createGenerations, readDirectory } from "./volume/generations.ts"
import { sourceAge, syncSilence } from "./volume/heartbeat-reader.ts"
import { type LastKnownGood, openLastKnownGood } from "./volume/last-known-good.ts"
import { createPinnedGenerations, type PinnedGenerations } from "./volume/pinned.ts"
import { createNodesMemory, type NodesMemory, readRememberedNodes } from "./volume/remembered-nodes.ts"
import { createStatusWriter, type StatusWriter } from "./volume/status-writer.ts"
import { heldBySync } from "./volume/sync-status-reader.ts"
import { type VolumeWatch, watchVolume } from "./volume/watch.ts"

/** The machine that the agent works on. */
export interface Machine {
  readonly keepalived: Keepalived
  readonly kernel: Kernel
  readonly host: () => HostFacts
}

interface Surroundings {
  readonly clock: Clock
  readonly log: Log
}

/** The parts of the program, each knowing only what it needs. */
interface Parts extends Surroundings {
  readonly settings: SidecarSettings
  readonly machine: Machine
  readonly keepalivedVersion: string
  readonly metrics: Metrics
  readonly volume: AppliedVolume
  readonly archive: Archive
  readonly lastKnownGood: LastKnownGood
  readonly generations: PinnedGenerations
  readonly records: Archivist
  readonly status: StatusWriter
  readonly masquerade: Masquerader
  readonly nodesMemory: NodesMemory
  /** Null where nodes are not asked. */
  readonly nodes: NodeWatch | null
  readonly awaitHolder: (model: KeepalivedModel) => Promise<number>
}

const WATCH_MS = 1_000

/** Puts the parts together and sets them going. */
export async function assemble(
  settings: SidecarSettings,
  machine: Machine,
  surroundings: Surroundings,
): Promise<{ stop(): Promise<void> }> {
  const parts = await openParts(settings, machine, {
    ...surroundings,
    changed: () => {
      parts.metrics.count("node-change")
      agent.request()
    },
    told: () => report(parts, agent.snapshot()),
  })
  const { clock, log, metrics, generations, status } = parts
  const options = {
    drainTimeMs: settings.drainTimeMs,
    soakMs: settings.soakMs,
    checks: settings.model.check !== "none",
    guard: { percent: settings.guardPercent, endpointsMs: settings.guardMs },
  }
  const before = await adopt(settings.applied, { volume: parts.volume, keepalived: machine.keepalived, clock })
  const agent = createAgent(options, await portsOf(parts), before)
  const watch = watchVolume({
    directory: settings.desired,
    hint: () => agent.request(),
    trouble: (reason, error) => {
      metrics.count("watcher-trouble")
      log.warn("watcher", { reason, error })
    },
  })
  const everySecond = setInterval(() => {
    if (generations.moved()) agent.request()
    void agent.watch()
  }, WATCH_MS)
  const endSchedule = startJobs(parts, agent)
  const server =
    settings.httpPort === 0
      ? null
      : await startServers(settings, {
          ...{ agent, metrics, watch, status, nodes: parts.nodes },
          syncSilence: () => syncSilence(settings.desired),
          heldBySync: () => heldBySync(settings.desired),
        })
  const { desired, applied, state } = settings
  log.info("started", { keepalived: parts.keepalivedVersion, desired, applied, state })
  agent.request()
  return { stop: () => stop(parts, { everySecond, endSchedule, watch, agent, server }) }
}

/** What the watch over the nodes sets going. */
interface Listeners {
  readonly changed: () => void
  readonly told: () => void
}

async function openParts(
  settings: SidecarSettings,
  machine: Machine,
  { changed, told, ...surroundings }: Surroundings & Listeners,
): Promise<Parts> {
  const { clock, log } = surroundings
  const metrics = createMetrics()
  const lastKnownGood = await openLastKnownGood(settings.state)
  const volume = await openAppliedVolume(settings.applied, (sha256) => Promise.resolve(textOf(lastKnownGood, sha256)))
  const limits = { count: settings.archiveCount, bytes: settings.archiveBytes }
  const archive = withinLimits(await openArchive(settings.state), limits)
  const keepalivedVersion = await machine.keepalived.version()
  await writeArguments(settings)
  const newest = createGenerations({
    directory: settings.desired,
    alarm: (reason) => {
      metrics.count("alarm")
      log.warn("alarm", { reason })
    },
  })
  const records = archivist({
    applied: settings.applied,
    archive,
    lastKnownGood,
    candidate: (sha256) => volume.candidate(sha256),
    facts: { node: settings.node, keepalivedVersion },
    failed: () => metrics.count("archive-failure"),
    clock,
    log,
  })
  const nodesMemory = createNodesMemory(settings.applied, (error) =>
    log.warn("record-failed", { what: "nodes", error }),
  )
  const remembered = readRememberedNodes(settings.applied)
  const remember = nodesMemory.remember
  return {
    ...surroundings,
    nodesMemory,
    awaitHolder: holderWait(machine, { clock, log }),
    nodes: openNodeWatch({ settings, remembered, remember, changed, told, clock, log }),
    settings,
    machine,
    keepalivedVersion,
    metrics,
    volume,
    archive,
    lastKnownGood,
    generations: createPinnedGenerations(settings.state, newest, { archive, readDirectory: readNamed }),
    records,
    status: createStatusWriter(settings.applied, (error) => log.warn("status-failed", { error })),
    masquerade: createMasquerader(settings.snat, machine.kernel),
  }
}

function holderWait({ keepalived, kernel }: Machine, { clock, log }: Surroundings): Parts["awaitHolder"] {
  return createHolderWait({
    advertsHeard: async () => {
      const running = await keepalived.running()
      return running === null ? null : keepalived.advertsHeard(running)
    },
    addresses: (name) => kernel.addresses(name),
    waited: (facts) => log.warn("holder-awaited", facts),
    clock,
  })
}

async function portsOf(parts: Parts): Promise<AgentPorts> {
  const { settings, machine, volume, lastKnownGood, metrics, records, masquerade, clock, log } = parts
  const { keepalived, kernel } = machine
  const owned = () => volume.ledger()
  return {
    generations: parts.generations,
    pipeline: createPipeline(settings.model, await readTemplates()),
    node: (generation) => Promise.resolve(nodeFactsOf(generation, settings, machine.host())),
    apply: {
      keepalived,
      files: volume,
      clearRemains: (model) => clearRemains(model, { kernel, owned, log }),
      verify: (model: KeepalivedModel) => verifyEffect(model, { kernel, clock, owned }),
      restore: (model) => restoreMissing(model, { keepalived, kernel, owned, clock, log }),
      masquerade: (models) => masquerade.ensure(models),
      awaitHolder: parts.awaitHolder,
      lastKnownGood: () => Promise.resolve(lastKnownGood.read()?.remembered ?? null),
      now: () => clock.now(),
    },
    keepalived,
    kernel,
    owned,
    role: async ({ model }) => {
      const addresses = await kernel.addresses(model.vrrp.interface)
      return addresses === null ? null : addresses.has(model.vrrp.anchor) ? "MASTER" : "BACKUP"
    },
    settle: ({ model }) => volume.settle(model),
    knownGood: () => lastKnownGood.read(),
    isPinned: () => parts.generations.pinned() !== null,
    sourceAge: () => sourceAge(settings.desired),
    onAttempt: (outcome, tookMs) => metrics.applied(outcome, tookMs),
    onApplied: (inEffect, memory) => {
      records.applied(inEffect, memory)
      // No attempt is under way: besides these two nothing is gone back to. The volume is in memory, and small.
      const keep = [inEffect.sha256, lastKnownGood.read()?.remembered.sha256 ?? inEffect.sha256]
      volume
        .retain(new Set(keep))
        .catch((error: unknown) => log.warn("record-failed", { what: "old candidates", error }))
    },
    onSoaked: (inEffect, memory) => records.soaked(inEffect, memory),
    onFault: () => metrics.count("fault"),
    unreachable: () => parts.nodes?.unreachable() ?? NOBODY,
    onChange: (snapshot) => {
      if (snapshot.seen !== null && snapshot.seen.kind !== "no-generation")
        parts.nodes?.follow(snapshot.seen.generation.objects)
      report(parts, snapshot)
    },
    clock,
    log,
  }
}

const NOBODY: ReadonlySet<string> = new Set()

function report({ settings, status, generations, keepalivedVersion, nodes }: Parts, snapshot: Snapshot): void {
  const { node, interface: wanted } = settings
  const around = { pinned: generations.pinned(), keepalivedVersion, nodes: nodes?.state() ?? null }
  status.write(statusOf(snapshot, { node, interface: wanted, ...around }))
}

function startJobs(parts: Parts, agent: Agent): () => Promise<void> {
  const { settings, masquerade, archive, volume, lastKnownGood, log } = parts
  const jobs = {
    drift: async () => {
      masquerade.forget()
      const { inEffect, seen } = agent.snapshot()
      // With what may just be on its way into effect: a check must not take from the chain what an apply has put there.
      const coming = seen?.kind === "candidate" ? [seen.rendered.model] : []
      if (inEffect !== null) await masquerade.ensure([inEffect.model, ...coming])
      await agent.checkDrift()
    },
    retention: async () => {
      await archive.retain({ count: settings.archiveCount, bytes: settings.archiveBytes })
      await volume.retain(needed(agent.snapshot(), lastKnownGood))
    },
    retest: () => agent.retest(),
  }
  return startSchedule(jobs, settings.driftCron, log)
}

interface Going {
  readonly everySecond: NodeJS.Timeout
  readonly endSchedule: () => Promise<void>
  readonly watch: VolumeWatch
  readonly agent: Agent
  readonly server: { close(): Promise<void> } | null
}

/** keepalived goes on: whoever stops the agent alone does not stop the VIPs. */
async function stop({ records, status, nodes, nodesMemory }: Parts, going: Going): Promise<void> {
  clearInterval(going.everySecond)
  await going.endSchedule()
  await going.watch.close()
  await nodes?.stop()
  await going.agent.stop()
  await records.idle()
  await nodesMemory.idle()
  await status.idle()
  await going.server?.close()
}

/** Templates come with the program; one that does not parse ends it here, before keepalived could notice. */
async function readTemplates(): Promise<TemplateTexts> {
  const read = (name: TemplateName) => readFile(packageFile(`templates/${name}.hbs`), "utf8")
  return {
    "keepalived.conf": await read("keepalived.conf"),
    "vrrp-instance": await read("vrrp-instance"),
    "virtual-server": await read("virtual-server"),
  }
}

/** Words for keepalived's command line that its service reads when it starts. */
async function writeArguments({ runDirectory, releaseVips }: SidecarSettings): Promise<void> {
  await writeFile(join(runDirectory, "arguments"), releaseVips ? "" : "--dont-release-vrrp\n")
}

function textOf(lastKnownGood: LastKnownGood, sha256: string): string | null {
  const good = lastKnownGood.read()
  return good?.remembered.sha256 === sha256 ? good.text : null
}

/** The candidates that something may still go back to. */
function needed({ inEffect, seen }: Snapshot, lastKnownGood: LastKnownGood): ReadonlySet<string> {
  const newest = seen?.kind === "candidate" ? seen.rendered.sha256 : undefined
  const all = [inEffect?.sha256, newest, lastKnownGood.read()?.remembered.sha256]
  return new Set(all.filter((one) => one !== undefined))
}

/** The unpacked generation of an archive, under the name that it had. */
function readNamed(path: string, name: string): Promise<Reading> {
  const reading = readDirectory(path)
  const sequence = sequenceOf(name) ?? 0
  return Promise.resolve(
    reading.kind === "generation"
      ? { ...reading, generation: { ...reading.generation, name, sequence, path } }
      : reading,
  )
}
