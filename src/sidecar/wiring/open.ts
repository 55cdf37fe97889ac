import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import { faultText } from "../../kit/fault.ts"
import type { Log } from "../../kit/process/log.ts"
import { bootId } from "../../kit/time/uptime.ts"
import { createHolderWatch, type HolderWatch } from "../keepalived/await-advert.ts"
import { type Archivist, archivist } from "../agent/records.ts"
import { createVacancies, type Round, type Vacancies } from "../lan/vacancies.ts"
import { createFirewall, type Firewall, type FirewallOptions } from "../targets/firewall.ts"
import { createTroubleNotes } from "../report/troubles.ts"
import { createMetrics, type Metrics } from "../report/metrics.ts"
import type { NodeWatch } from "../nodes/node-watch.ts"
import { openNodeWatch } from "../nodes/open.ts"
import { followDrain } from "./follow-drain.ts"
import type { Machine, Surroundings } from "./machine.ts"
import type { SidecarSettings } from "./settings.ts"
import type { DrainWatch } from "../vrrp/drain.ts"
import { createStandingFaults, heardBy, type StandingFaults } from "../faults/standing-faults.ts"
import { type Archive, openArchive, withinLimits } from "../volume/archive.ts"
import { createStaleFlows, type StaleFlows } from "../effect/stale-flows.ts"
import { type AppliedVolume, openAppliedVolume } from "../volume/config-files.ts"
import { createGenerations, readUnpacked } from "../volume/generations.ts"
import { type LastKnownGoodStore, openLastKnownGood } from "../volume/last-known-good.ts"
import { LEDGER_FILE } from "../volume/ledger.ts"
import { createPinnedGenerations, type PinnedGenerations } from "../volume/pinned.ts"
import { type NodeHistory, openNodeHistory } from "../volume/node-history.ts"
import { createNodeRecordWriter, type NodeRecordWriter, readNodeRecord } from "../volume/node-record.ts"
import { createStatusWriter, type StatusWriter } from "../volume/status-writer.ts"

/** The parts of the program, each with only the ports that it needs. */
export interface SidecarParts extends Surroundings {
  readonly settings: SidecarSettings
  readonly machine: Machine
  readonly keepalivedVersion: string
  readonly metrics: Metrics
  readonly faults: StandingFaults
  readonly volume: AppliedVolume
  readonly archive: Archive
  readonly lastKnownGood: LastKnownGoodStore
  readonly generations: PinnedGenerations
  readonly records: Archivist
  readonly drain: DrainWatch
  readonly status: StatusWriter
  readonly firewall: Firewall
  readonly flows: StaleFlows
  readonly nodeRecord: NodeRecordWriter
  readonly history: NodeHistory
  /** Null when nodes are not probed. */
  readonly nodes: NodeWatch | null
  /** Null when the LAN cannot be asked. */
  readonly vacancies: Vacancies | null
  readonly watchHolder: (model: KeepalivedModel) => HolderWatch
}

/** What the parts start. */
interface Listeners {
  /** A node answers again, or no longer answers. */
  readonly onChange: () => void
  /** The status has something new. */
  readonly onRecord: () => void
  /** The LAN has answered whether an address is in use. */
  readonly asked: () => void
  /** The model in effect; null if none is known. */
  readonly inEffect: () => KeepalivedModel | null
  readonly firewall: Pick<FirewallOptions, "wanted"> & {
    /** Our iptables chain can be changed again. */
    readonly healed: () => void
  }
}

/** Opens the parts of a sidecar. They continue with what an earlier one left on the volume and the disk. */
export async function openParts(
  settings: SidecarSettings,
  machine: Machine,
  { onChange, onRecord, asked, inEffect, firewall, ...surroundings }: Surroundings & Listeners,
): Promise<SidecarParts> {
  const { clock, date, log } = surroundings
  const metrics = createMetrics({ perVip: settings.metricsPerVip })
  const faults = openFaults(date, log, onRecord)
  const lastKnownGood = await openLastKnownGood(settings.state)
  const volume = await openAppliedVolume(settings.applied, (sha256) => Promise.resolve(textOf(lastKnownGood, sha256)), {
    boot: bootId(),
    copy: join(settings.state, LEDGER_FILE),
    failed: (error) => log.warn("record-failed", { what: "ledger", error }),
  })
  const limits = { count: settings.archiveCount, bytes: settings.archiveBytes }
  const archive = withinLimits(await openArchive(settings.state), limits)
  const keepalivedVersion = await machine.keepalived.version()
  await writeArguments(settings)
  const history = openHistory(settings, { metrics, faults, log })
  const records = archivist({
    applied: settings.applied,
    archive,
    lastKnownGood,
    candidate: (sha256) => volume.candidate(sha256),
    facts: { node: settings.node, keepalivedVersion },
    failed: () => metrics.count("archive-failure"),
    ...{ faults, history, clock, date, log },
  })
  const nodeRecord = createNodeRecordWriter(settings.applied, {
    clock,
    onOutcome: heardBy(faults, { key: "record nodes", code: "RECORD_FAILED", what: "write which nodes answered" }),
  })
  const nodeWatch = { settings, record: readNodeRecord(settings.applied), writeRecord: nodeRecord.write }
  return {
    ...{ ...surroundings, nodeRecord, history },
    watchHolder: holderWatch(machine, { clock, log }),
    vacancies: openVacancies(machine, asked, { clock, log }),
    nodes: openNodeWatch({ ...nodeWatch, onChange, onRecord, clock, log }),
    settings,
    machine,
    keepalivedVersion,
    metrics,
    faults,
    volume,
    archive,
    lastKnownGood,
    generations: openGenerations(settings, { archive, metrics, log }),
    records,
    drain: followDrain({ settings, machine, inEffect, onChange: onRecord, faults, clock, log }),
    status: createStatusWriter(settings.applied, {
      ...{ clock, date },
      onOutcome: heardBy(faults, { key: "status", code: "STATUS_FAILED", what: "write the status" }),
      onChange: createTroubleNotes({ add: history.add, clock }),
    }),
    firewall: createFirewall({
      snat: settings.snat,
      kernel: machine.kernel,
      wanted: firewall.wanted,
      repaired: (difference) => log.warn("drift", { difference, repaired: true }),
      onOutcome: (fault) => {
        if (fault !== null) return faults.raise("masquerade", { code: "MASQUERADE_FAILED", message: fault.message })
        faults.clear("masquerade")
        firewall.healed()
      },
      clock,
    }),
    flows: staleFlows(settings, machine, { clock, log, faults }),
  }
}

function openFaults(date: () => Date, log: Log, onChange: () => void): StandingFaults {
  return createStandingFaults(date, {
    raised: ({ key, code, message }) => log.error("fault-raised", { key, code, message }),
    cleared: ({ key, code, since }) => log.info("fault-cleared", { key, code, since }),
    onChange,
  })
}

function openHistory(
  { state }: SidecarSettings,
  { metrics, faults, log }: Pick<SidecarParts, "metrics" | "faults" | "log">,
): NodeHistory {
  return openNodeHistory(state, {
    failed: (error) => {
      metrics.count("archive-failure")
      log.warn("record-failed", { what: "history", error })
      const message = `Cannot write the history of this node: ${faultText(error)}`
      faults.raise("record history", { code: "RECORD_FAILED", message })
    },
    done: () => faults.clear("record history"),
  })
}

function openGenerations(
  { desired, state }: SidecarSettings,
  { archive, metrics, log }: Pick<SidecarParts, "archive" | "metrics" | "log">,
): PinnedGenerations {
  const newest = createGenerations({
    directory: desired,
    alarm: (reason) => {
      metrics.count("alarm")
      log.warn("alarm", { reason })
    },
  })
  return createPinnedGenerations(state, newest, { archive, readDirectory: readUnpacked })
}

function openVacancies(
  { kernel, lan }: Machine,
  onChange: () => void,
  surroundings: Pick<Surroundings, "clock" | "log">,
): Vacancies | null {
  if (lan === undefined) return null
  const isMaster = async ({ interface: name, anchor }: Round) => (await kernel.addresses(name))?.has(anchor) === true
  return createVacancies({ lan, isMaster, onChange, ...surroundings })
}

function holderWatch(
  { keepalived, kernel }: Machine,
  { clock, log }: Pick<Surroundings, "clock" | "log">,
): SidecarParts["watchHolder"] {
  return createHolderWatch({
    advertsHeard: async () => {
      const running = await keepalived.running()
      return running === null ? null : keepalived.advertsHeard(running)
    },
    addresses: (name) => kernel.addresses(name),
    failed: (error) => log.warn("adverts-unknown", { error }),
    waited: (facts) => log.warn("holder-awaited", facts),
    clock,
  })
}

function staleFlows(
  { snat }: SidecarSettings,
  { kernel }: Machine,
  { clock, log, faults }: Pick<SidecarParts, "clock" | "log" | "faults">,
): StaleFlows {
  return createStaleFlows({
    snat,
    kernel,
    clock,
    forgotten: (server, flows) => log.info("flows-forgotten", { server, flows }),
    onOutcome: (error) => {
      if (error === null) faults.clear("conntrack")
      else faults.raise("conntrack", { code: "CONNTRACK_FAILED", message: faultText(error) })
    },
  })
}

/** Arguments for keepalived's command line, which its service reads when it starts. */
async function writeArguments({ runDirectory, releaseVips }: SidecarSettings): Promise<void> {
  await writeFile(join(runDirectory, "arguments"), releaseVips ? "" : "--dont-release-vrrp\n")
}

function textOf(lastKnownGood: LastKnownGoodStore, sha256: string): string | null {
  const good = lastKnownGood.read()
  return good?.record.sha256 === sha256 ? good.text : null
}
