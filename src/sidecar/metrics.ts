import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client"
import type { RoleChange } from "../contract/node-history.ts"
import { VRRP_STATES } from "../contract/vrrp.ts"
import type { Age } from "../contract/heartbeat.ts"
import { ENTRY_STATES } from "../contract/entry-state.ts"
import type { Status } from "../contract/status.ts"
import type { SyncStatus } from "../contract/sync-status.ts"
import { findingsFor, SUBJECTS, type SyncSigns } from "../contract/well.ts"
import type { WatchCounts } from "./volume/watch.ts"
import type { Snapshot } from "./agent-state.ts"
import type { ApplyOutcome } from "./apply/outcome.ts"
import { guardOf } from "./guarding.ts"
import type { Guard } from "./look.ts"
import type { NodeWatchState } from "./nodes/node-watch.ts"
import type { StandingFault } from "./standing-faults.ts"
import { vrrpOf } from "./status-report.ts"

/** What the snapshot does not hold. */
export interface Around {
  readonly watch: WatchCounts
  readonly status: Omit<Status, "time">
  readonly sync: SyncSigns
  /** Null where nodes are not asked. */
  readonly nodes: NodeWatchState | null
  readonly faults: readonly StandingFault[]
}

export interface Metrics {
  /** Counts one attempt to apply. */
  applied(outcome: ApplyOutcome, tookMs: number): void
  /** Counts a change of VRRP's state. */
  transition(change: RoleChange): void
  /** Counts something that has no gauge of its own. */
  count(what: "archive-failure" | "alarm" | "watcher-trouble" | "node-change" | "fault"): void
  /** The page, in Prometheus' text format. */
  page(snapshot: Snapshot, around: Around): Promise<string>
}

/** Milliseconds to seconds, which is what Prometheus counts in. */
const SECOND = 1000
const DURATIONS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const applies = new Counter({
    name: "vip_apply_total",
    help: "Attempts to apply a configuration",
    labelNames: ["result"],
    registers,
  })
  const reload = new Histogram({
    name: "vip_reload_duration_seconds",
    help: "From the start of an attempt to its verified end",
    buckets: DURATIONS,
    registers,
  })
  const test = new Histogram({
    name: "vip_config_test_duration_seconds",
    help: "keepalived --config-test",
    buckets: DURATIONS,
    registers,
  })
  const events = new Counter({
    name: "vip_events_total",
    help: "Things that should not happen, by kind",
    labelNames: ["kind"],
    registers,
  })
  const silence = new Gauge({
    name: "vip_sync_heartbeat_age_seconds",
    help: "Seconds since sync last showed that it lives; +Inf where that cannot be told",
    registers,
  })
  const source = new Gauge({
    name: "vip_source_age_seconds",
    help: "Seconds since sync last knew its source to be as it was read; +Inf where that cannot be told",
    registers,
  })
  const unknown = new Gauge({
    name: "vip_unknown",
    help: "1 where it cannot be told, which is never well",
    labelNames: ["what"],
    registers,
  })
  const well = new Gauge({
    name: "vip_well",
    help: "1 when all is well, as kkv status says",
    registers,
  })
  const findings = new Gauge({
    name: "vip_not_well",
    help: "What is not well, by what it is about",
    labelNames: ["about"],
    registers,
  })
  const success = new Gauge({
    name: "vip_config_last_reload_successful",
    help: "1 when the newest attempt ended well; NaN before the first",
    registers,
  })
  const successTime = new Gauge({
    name: "vip_config_last_reload_success_timestamp_seconds",
    help: "When an attempt last ended well; NaN before the first",
    registers,
  })
  const generation = new Gauge({
    name: "vip_config_generation",
    help: "Sequence of the generation",
    labelNames: ["state"],
    registers,
  })
  const vips = new Gauge({ name: "vip_entries", help: "Entries by state", labelNames: ["state"], registers })
  const master = new Gauge({ name: "vip_master", help: "1 when this node is VRRP master", registers })
  const vrrpState = new Gauge({
    name: "vip_vrrp_state",
    help: "1 for the state that VRRP has on this node, 0 for the others",
    labelNames: ["state"],
    registers,
  })
  const transitions = new Counter({
    name: "vip_vrrp_transitions_total",
    help: "Changes of VRRP's state on this node, by the new state",
    labelNames: ["state"],
    registers,
  })
  const transitionTime = new Gauge({
    name: "vip_vrrp_last_transition_timestamp_seconds",
    help: "When VRRP's state on this node changed last; 0: not known",
    registers,
  })
  for (const state of VRRP_STATES) transitions.inc({ state }, 0)
  const running = new Gauge({ name: "vip_keepalived_running", help: "1 when keepalived runs", registers })
  const drift = new Gauge({
    name: "vip_drift",
    help: "1 when the kernel differs from what is in effect; NaN before it was compared",
    registers,
  })
  const recovered = new Gauge({
    name: "vip_poll_recovered_total",
    help: "Changes that the poll found and the file watcher did not",
    registers,
  })
  const watcherErrors = new Gauge({ name: "vip_watcher_errors_total", help: "Errors of the file watcher", registers })
  const nodes = new Gauge({
    name: "vip_nodes",
    help: "Nodes that are asked whether they live, by what they answer; cut-off: 1 while nobody is judged",
    labelNames: ["state"],
    registers,
  })
  const guards = new Gauge({
    name: "vip_guard_held",
    help: "1 while a guard against the loss of what works holds what is new",
    labelNames: ["guard"],
    registers,
  })
  const standing = new Gauge({
    name: "vip_faults",
    help: "Faults of this node that stand, by code; a code without one has no sample",
    labelNames: ["code"],
    registers,
  })
  for (const gauge of [success, successTime]) gauge.set(Number.NaN)
  return {
    applied: (outcome, tookMs) => {
      applies.inc({ result: outcome.kind })
      reload.observe(tookMs / SECOND)
      const good = outcome.kind === "applied" || outcome.kind === "unchanged"
      success.set(good ? 1 : 0)
      if (good) successTime.setToCurrentTime()
      if (outcome.kind === "applied") test.observe(outcome.testMs / SECOND)
    },
    transition: ({ to }) => transitions.inc({ state: to }),
    count: (what) => events.inc({ kind: what }),
    page: (snapshot, around) => {
      const { watch, status, sync, faults } = around
      standing.reset()
      for (const { code } of faults) standing.inc({ code })
      setNodes(nodes, around.nodes)
      setGuards(guards, guardOf(snapshot.seen), sync.status)
      silence.set(secondsOf(sync.silence))
      source.set(secondsOf(sync.sourceAge))
      setUnknown(unknown, around)
      const found = findingsFor("status", { status, agent: null, sync })
      well.set(found.length === 0 ? 1 : 0)
      for (const subject of SUBJECTS)
        findings.set({ about: subject }, found.filter(({ about }) => about === subject).length)
      // What is not known now has no sample: the last one would pass for it.
      generation.reset()
      if (status.observedGeneration !== null) generation.set({ state: "seen" }, status.observedGeneration)
      if (status.appliedGeneration !== null) generation.set({ state: "applied" }, status.appliedGeneration)
      for (const state of ENTRY_STATES) vips.set({ state }, status.vips.filter((vip) => vip.state === state).length)
      const { state: own, since } = vrrpOf(snapshot)
      master.set(own === "master" ? 1 : 0)
      for (const state of VRRP_STATES) vrrpState.set({ state }, state === own ? 1 : 0)
      transitionTime.set(since === null ? 0 : Date.parse(since) / SECOND)
      running.set(snapshot.running === null ? 0 : 1)
      drift.set(status.drift === "unknown" ? Number.NaN : status.drift === "none" ? 0 : 1)
      recovered.set(watch.pollRecovered)
      watcherErrors.set(watch.watcherErrors)
      return registry.metrics()
    },
  }
}

/** Those that the sidecar keeps, and those of sync by the code of its problem. */
const GUARDS = ["mass-removal", "endpoints-lost", "nodes-lost", "own-node"] as const
const GUARDS_OF_SYNC: ReadonlyMap<string, string> = new Map([["CONFIGMAP_MISSING", "configmap"]])

function setGuards(gauge: Gauge<"guard">, held: Guard | null, sync: SyncStatus | null): void {
  for (const guard of GUARDS) gauge.set({ guard }, guard === held ? 1 : 0)
  for (const [code, guard] of GUARDS_OF_SYNC) {
    const holds = sync !== null && sync.state !== "published" && sync.problems.some((problem) => problem.code === code)
    gauge.set({ guard }, sync === null ? Number.NaN : holds ? 1 : 0)
  }
}

function secondsOf(age: Age): number {
  return age.kind === "age" ? age.seconds : Number.POSITIVE_INFINITY
}

function setUnknown(gauge: Gauge<"what">, { status, sync }: Around): void {
  const facts = {
    sync: sync.silence.kind === "unknown",
    source: sync.sourceAge.kind === "unknown",
    "sync-status": sync.status === null,
    keepalived: status.keepalived === "unknown",
    vrrp: status.vrrp.state === "unknown",
    drift: status.drift === "unknown",
  }
  for (const [what, isUnknown] of Object.entries(facts)) gauge.set({ what }, isUnknown ? 1 : 0)
}

function setNodes(gauge: Gauge<"state">, nodes: NodeWatchState | null): void {
  gauge.reset()
  if (nodes === null) return
  const { watched, unreachable, unheard, isCutOff } = nodes
  gauge.set({ state: "answering" }, watched - unreachable.length - unheard.length)
  gauge.set({ state: "unreachable" }, unreachable.length)
  gauge.set({ state: "unheard" }, unheard.length)
  gauge.set({ state: "cut-off" }, isCutOff ? 1 : 0)
}
