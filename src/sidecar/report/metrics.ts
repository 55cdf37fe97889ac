import type { Counter, Gauge } from "prom-client"
import type { RoleChange } from "../../contract/node/history.ts"
import { VRRP_STATES } from "../../contract/vrrp.ts"
import type { Age } from "../../contract/heartbeat.ts"
import { ENTRY_STATES } from "../../contract/entry-state.ts"
import { contentHashOf } from "../../contract/layout.ts"
import type { Status } from "../../contract/status.ts"
import type { SyncStatus } from "../../contract/sync-status.ts"
import { findingsFor, SUBJECTS } from "../../contract/well.ts"
import type { SyncSigns } from "../../contract/signs.ts"
import { packageVersion } from "../../kit/files/package-file.ts"
import type { WatchCounts } from "../volume/watch.ts"
import type { Snapshot } from "../agent/state.ts"
import type { ApplyOutcome } from "../apply/outcome.ts"
import { guardOf } from "../agent/observe.ts"
import type { Guard } from "../../core/model/guards.ts"
import { createSeries } from "./metric-series.ts"
import type { NodeWatchState } from "../nodes/node-watch.ts"
import type { StandingFault } from "../faults/standing-faults.ts"

/** Values that the snapshot does not hold. */
export interface Around {
  readonly watch: WatchCounts
  readonly status: Omit<Status, "time">
  readonly sync: SyncSigns
  /** Null when nodes are not probed. */
  readonly nodes: NodeWatchState | null
  readonly faults: readonly StandingFault[]
}

export interface Metrics {
  /** Counts one attempt to apply. */
  applied(outcome: ApplyOutcome, tookMs: number): void
  /** Counts a change of VRRP's state. */
  transition(change: RoleChange): void
  /** Counts a call of the program of `--notify`. */
  notified(result: (typeof NOTIFY_RESULTS)[number]): void
  /** Counts an event that has no gauge of its own. */
  count(what: (typeof EVENTS)[number]): void
  /** The page, in Prometheus' text format. */
  page(snapshot: Snapshot, around: Around): Promise<string>
}

const EVENTS = ["archive-failure", "alarm", "watcher-trouble", "node-change", "fault"] as const
const NOTIFY_RESULTS = ["done", "failed", "timed-out"] as const
const RESULTS: readonly ApplyOutcome["kind"][] = ["unchanged", "applied", "rejected", "rolled-back", "stranded"]

/** Milliseconds to seconds, which is what Prometheus counts in. */
const SECOND = 1000

export function createMetrics({ perVip = false }: { readonly perVip?: boolean } = {}): Metrics {
  const series = createSeries(perVip)
  series.successTime.set(Number.NaN)
  // If a counter is missing before its first event, increase() does not see that event.
  for (const result of RESULTS) series.applies.inc({ result }, 0)
  for (const result of NOTIFY_RESULTS) series.notified.inc({ result }, 0)
  for (const kind of EVENTS) series.events.inc({ kind }, 0)
  return {
    applied: (outcome, tookMs) => {
      series.applies.inc({ result: outcome.kind })
      series.reload.observe(tookMs / SECOND)
      if (outcome.kind === "applied" || outcome.kind === "unchanged") series.successTime.setToCurrentTime()
      if (outcome.kind === "applied") series.test.observe(outcome.testMs / SECOND)
    },
    transition: ({ instance, to }) => series.transitions.inc({ vrrp_instance: instance, state: to }),
    notified: (result) => series.notified.inc({ result }),
    count: (what) => series.events.inc({ kind: what }),
    page: (snapshot, around) => {
      const { watch, status, sync, faults } = around
      series.standing.reset()
      for (const { code } of faults) series.standing.inc({ code })
      setNodes(series.nodes, around.nodes)
      series.cutOff.set(around.nodes?.isCutOff === true ? 1 : 0)
      series.hash.remove()
      const { generation = null } = snapshot.inEffect ?? {}
      if (generation !== null) series.hash.set(contentHashOf(generation.name))
      series.build.reset()
      series.build.set({ version: packageVersion(), keepalived: status.keepalivedVersion ?? "unknown" }, 1)
      setGuards(series.guards, guardOf(snapshot.observation), sync.status)
      series.silence.set(secondsOf(sync.silence))
      series.source.set(secondsOf(sync.sourceAge))
      setUnknown(series.unknown, around)
      const found = findingsFor("status", { status, agent: null, sync })
      series.well.set(found.length === 0 ? 1 : 0)
      for (const subject of SUBJECTS)
        series.findings.set({ about: subject }, found.filter(({ about }) => about === subject).length)
      // An unknown value has no sample, because an old one would look current.
      series.generation.reset()
      if (status.observedGeneration !== null) series.generation.set({ state: "seen" }, status.observedGeneration)
      if (status.appliedGeneration !== null) series.generation.set({ state: "applied" }, status.appliedGeneration)
      for (const state of ENTRY_STATES)
        series.vips.set({ state }, status.vips.filter((vip) => vip.state === state).length)
      if (series.perVip !== null) setVips(series.perVip, status.vips)
      setRoles(series, status.vrrp)
      series.success.set(SUCCESS[status.outcome])
      // While looks fail, the value of the last successful one is not valid.
      const isSeen = status.keepalived !== "unknown" && !faults.some(({ key }) => key === "watch")
      series.running.set(isSeen ? (snapshot.running === null ? 0 : 1) : Number.NaN)
      series.drift.set(status.drift === "unknown" ? Number.NaN : status.drift === "none" ? 0 : 1)
      setCounter(series.recovered, watch.pollRecovered)
      setCounter(series.watcherErrors, watch.watcherErrors)
      return series.registry.metrics()
    },
  }
}

/** A generation whose text is in effect already needs no attempt, so the value is that of the state and not of the last attempt. */
const SUCCESS: Readonly<Record<Status["outcome"], number>> = {
  unchanged: 1,
  applied: 1,
  rejected: 0,
  "rolled-back": 0,
  stranded: 0,
  waiting: Number.NaN,
}

/** Guards of the sidecar; guards of sync are found by the code of their problem. */
const GUARDS = ["mass-removal", "endpoints-lost", "nodes-lost", "own-node"] as const
const GUARDS_OF_SYNC: ReadonlyMap<string, string> = new Map([["CONFIGMAP_MISSING", "configmap"]])

function setGuards(gauge: Gauge<"guard">, held: Guard | null, sync: SyncStatus | null): void {
  for (const guard of GUARDS) gauge.set({ guard }, guard === held ? 1 : 0)
  for (const [code, guard] of GUARDS_OF_SYNC) {
    const holds = sync !== null && sync.state !== "published" && sync.problems.some((problem) => problem.code === code)
    gauge.set({ guard }, sync === null ? Number.NaN : holds ? 1 : 0)
  }
}

/** The count is kept elsewhere, and only grows. */
function setCounter(counter: Counter, count: number): void {
  counter.reset()
  counter.inc(count)
}

type VipSeries = NonNullable<ReturnType<typeof createSeries>["perVip"]>
type RoleSeries = Pick<ReturnType<typeof createSeries>, "master" | "vrrpState" | "transitions" | "transitionTime">

/** An instance that is gone has no sample, but keeps its count of transitions. */
function setRoles({ master, vrrpState, transitions, transitionTime }: RoleSeries, vrrp: Status["vrrp"]): void {
  for (const gauge of [master, vrrpState, transitionTime]) gauge.reset()
  for (const { instance, state: own, since } of vrrp) {
    const label = { vrrp_instance: instance }
    master.set(label, own === "unknown" ? Number.NaN : own === "master" ? 1 : 0)
    transitionTime.set(label, since === null ? 0 : Date.parse(since) / SECOND)
    for (const state of VRRP_STATES) {
      vrrpState.set({ ...label, state }, state === own ? 1 : 0)
      // If a counter is missing before its first event, increase() does not see that event.
      transitions.inc({ ...label, state }, 0)
    }
  }
}

/** An entry that is gone has no sample. */
function setVips({ state, pods, unserved }: VipSeries, vips: Status["vips"]): void {
  for (const gauge of [state, pods, unserved]) gauge.reset()
  for (const { object, vip, ...one } of vips) {
    state.set({ object, vip, state: one.state }, 1)
    pods.set({ object, vip, state: "ready" }, one.readyPods)
    pods.set({ object, vip, state: "draining" }, one.drainingPods)
    pods.set({ object, vip, state: "unreachable" }, one.unreachablePods)
    unserved.set({ object, vip }, one.unserved)
  }
}

function secondsOf(age: Age): number {
  return age.kind === "age" ? age.seconds : Number.POSITIVE_INFINITY
}

function setUnknown(gauge: Gauge<"what">, { status, sync, faults }: Around): void {
  const facts = {
    sync: sync.silence.kind === "unknown",
    source: sync.sourceAge.kind === "unknown",
    "sync-status": sync.status === null,
    keepalived: status.keepalived === "unknown" || faults.some(({ key }) => key === "watch"),
    vrrp: status.vrrp.length === 0 || status.vrrp.some(({ state }) => state === "unknown"),
    drift: status.drift === "unknown",
  }
  for (const [what, isUnknown] of Object.entries(facts)) gauge.set({ what }, isUnknown ? 1 : 0)
}

function setNodes(gauge: Gauge<"state">, nodes: NodeWatchState | null): void {
  gauge.reset()
  if (nodes === null) return
  const { watched, unreachable, unheard } = nodes
  gauge.set({ state: "answering" }, watched - unreachable.length - unheard.length)
  gauge.set({ state: "unreachable" }, unreachable.length)
  gauge.set({ state: "unheard" }, unheard.length)
}
