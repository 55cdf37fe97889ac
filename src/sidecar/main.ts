import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { sequenceOf } from "../contract/layout.ts"
import type { KeepalivedModel } from "../core/model/keepalived-model.ts"
import { createPipeline } from "../core/pipeline.ts"
import type { TemplateName, TemplateTexts } from "../core/render/template.ts"
import { systemClock } from "../kit/clock.ts"
import { takeLock } from "../kit/lock.ts"
import { createLog, type Log } from "../kit/log.ts"
import { packageFile } from "../kit/package-file.ts"
import { untilSignal } from "../kit/signals.ts"
import { adopt } from "./adopt.ts"
import { type AgentPorts, createAgent, type Snapshot } from "./agent.ts"
import type { Effective } from "./apply/apply.ts"
import { archivist } from "./archivist.ts"
import { startServer } from "./http.ts"
import { hostFacts } from "./keepalived/host.ts"
import { createKeepalived } from "./keepalived/keepalived.ts"
import { createKernel } from "./keepalived/kernel.ts"
import { createMasquerader } from "./masquerader.ts"
import { createMetrics } from "./metrics.ts"
import { nodeFactsOf } from "./node-facts.ts"
import type { Reading } from "./ports.ts"
import { startSchedule } from "./schedule.ts"
import { parseSettings, type SidecarSettings } from "./settings.ts"
import { statusOf } from "./status-report.ts"
import { verifyEffect } from "./verify.ts"
import { openArchive } from "./volume/archive.ts"
import { openAppliedVolume } from "./volume/config-files.ts"
import { createGenerations, readDirectory } from "./volume/generations.ts"
import { type LastKnownGood, openLastKnownGood } from "./volume/last-known-good.ts"
import { createPinnedGenerations } from "./volume/pinned.ts"
import { createStatusWriter } from "./volume/status-writer.ts"
import { watchVolume } from "./volume/watch.ts"

/** Runs the sidecar until it is told to end. @returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseSettings(argv)
  if (parsed.kind === "exit") return parsed.status
  const { settings } = parsed
  const log = createLog({ program: "sidecar", node: settings.node }, { level: settings.logLevel })
  for (const directory of [settings.applied, settings.state, settings.runDirectory])
    await mkdir(directory, { recursive: true })
  const { virtualRouterId } = settings.model
  // A network namespace has room for one sidecar a virtual router ID: its addresses, its IPVS table, its VRRP.
  const lock = await takeLock(`kkv-sidecar-${virtualRouterId}`)
  if (lock === null) {
    process.stderr.write(
      `kkv sidecar: Cannot start: another sidecar on this node has virtual router ID ${virtualRouterId}; stop it, or choose another with --vrid\n`,
    )
    return 3
  }
  const program = await assemble(settings, log)
  await untilSignal(["SIGTERM", "SIGINT"])
  log.info("stopping", {})
  await program.stop()
  await lock.release()
  return 0
}

async function assemble(settings: SidecarSettings, log: Log): Promise<{ stop(): Promise<void> }> {
  const metrics = createMetrics()
  const lastKnownGood = await openLastKnownGood(settings.state)
  const backup = (sha256: string) => Promise.resolve(textOf(lastKnownGood, sha256))
  const volume = await openAppliedVolume(settings.applied, backup)
  const archive = await openArchive(settings.state)
  const keepalived = createKeepalived({
    program: settings.keepalived,
    runDirectory: settings.runDirectory,
    serviceDirectory: settings.service,
    liveFile: join(settings.applied, "keepalived.conf"),
  })
  const keepalivedVersion = await keepalived.version()
  await writeArguments(settings)
  const kernel = createKernel()
  const newest = createGenerations({
    directory: settings.desired,
    alarm: (reason) => {
      metrics.count("alarm")
      log.warn("alarm", { reason })
    },
  })
  const generations = createPinnedGenerations(settings.state, newest, { archive, readDirectory: readNamed })
  const records = archivist({
    applied: settings.applied,
    archive,
    lastKnownGood,
    candidate: (sha256) => volume.candidate(sha256),
    facts: { node: settings.node, keepalivedVersion },
    failed: () => metrics.count("archive-failure"),
    clock: systemClock,
    log,
  })
  const owned = () => volume.ledger()
  const verify = (model: KeepalivedModel) => verifyEffect(model, { kernel, clock: systemClock, owned })
  const status = createStatusWriter(settings.applied, (error) => log.warn("status-failed", { error }))
  const { node, interface: wanted } = settings
  const report = (snapshot: Snapshot) =>
    status.write(statusOf(snapshot, { node, interface: wanted, pinned: generations.pinned(), keepalivedVersion }))
  const masquerade = createMasquerader(settings.snat, kernel)
  const ports: AgentPorts = {
    generations,
    pipeline: createPipeline(settings.model, await readTemplates()),
    node: (generation) => Promise.resolve(nodeFactsOf(generation, settings, hostFacts())),
    apply: {
      keepalived,
      files: volume,
      verify,
      masquerade: (models) => masquerade.ensure(models),
      lastKnownGood: () => Promise.resolve(effectiveOf(lastKnownGood)),
      now: () => systemClock.now(),
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
    onAttempt: (outcome, tookMs) => metrics.applied(outcome, tookMs),
    onApplied: (inEffect, memory) => records.applied(inEffect, memory),
    onSoaked: (inEffect, memory) => records.soaked(inEffect, memory),
    onChange: report,
    clock: systemClock,
    log,
  }
  const options = {
    drainTimeMs: settings.drainTimeMs,
    soakMs: settings.soakMs,
    checks: settings.model.check !== "none",
  }
  const agent = createAgent(options, ports, await adopt(settings.applied, volume, keepalived))
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
  const endSchedule = startSchedule(
    {
      drift: async () => {
        masquerade.forget()
        const { inEffect } = agent.snapshot()
        if (inEffect !== null) await masquerade.ensure([inEffect.model])
        await agent.checkDrift()
      },
      retention: async () => {
        await archive.retain({ count: settings.archiveCount, bytes: settings.archiveBytes })
        await volume.retain(needed(agent.snapshot(), lastKnownGood))
      },
      retest: () => agent.retest(),
    },
    settings.driftCron,
    log,
  )
  const server = settings.httpPort === 0 ? null : await startServer(settings, { agent, metrics, watch, status })
  log.info("started", { keepalived: keepalivedVersion, ...paths(settings) })
  agent.request()
  return {
    stop: async () => {
      clearInterval(everySecond)
      await endSchedule()
      await watch.close()
      await agent.stop()
      await records.idle()
      await status.idle()
      await server?.close()
    },
  }
}

const WATCH_MS = 1_000

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

function effectiveOf(lastKnownGood: LastKnownGood): Effective | null {
  const good = lastKnownGood.read()
  return good === null ? null : { sha256: good.remembered.sha256, model: good.remembered.model }
}

/** The candidates that something may still go back to. */
function needed({ inEffect, seen }: Snapshot, lastKnownGood: LastKnownGood): ReadonlySet<string> {
  const newest = seen?.kind === "candidate" ? seen.rendered.sha256 : undefined
  return new Set([inEffect?.sha256, newest, lastKnownGood.read()?.remembered.sha256].filter((one) => one !== undefined))
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

function paths({ desired, applied, state }: SidecarSettings): Record<string, string> {
  return { desired, applied, state }
}
