import type { Age } from "../../contract/heartbeat.ts"
import type { Clock } from "../../kit/time/clock.ts"
import type { Log } from "../../kit/process/log.ts"
import type { PassOutcome } from "../reconcile.ts"
import { createClusterView, type ShownCluster } from "./cluster-view.ts"
import { createElection } from "./election.ts"
import { createFreshness } from "./freshness.ts"
import { createNodeLeases, type Owner } from "./node-leases.ts"
import type { NodeReport } from "../../contract/report/node-report.ts"
import { nodeReportOf } from "./node-report.ts"
import type { Origin } from "./node-troubles.ts"
import { type ClusterEvent, createStalenessEvents, type EventText, eventsOfCluster, eventsOfNode } from "./events.ts"
import { createOwnReport } from "./own-report.ts"
import { sha256Of } from "../../kit/sha256.ts"
import type { ClusterFacts, ObjectsApi, StatusReader } from "./ports.ts"
import { createRecorder, type Regarding } from "./recorder.ts"
import { oddInstances } from "./masters.ts"
import type { Summary } from "../../contract/report/vip-report.ts"
import { isReady, rolesIn, summarise } from "./summary.ts"
import { createVipReport, vipReportPath } from "./vip-report.ts"

/** Time between two reads of all reports by the node that writes for all, while all is well, in ms. */
const REST_MS = 10_000
/** Time that a node which begins to write for all gives every node for its first report, in ms. */
const PATIENT_MS = 20_000
/** Number of generations that are remembered; the sidecar is never further behind. */
const MOST_ORIGINS = 20

export interface ReportPassOptions {
  readonly api: ObjectsApi
  readonly status: StatusReader
  /** The current facts. */
  readonly facts: () => ClusterFacts
  /** Maximum age of the mirror's oldest part, in ms; null before everything is listed. */
  readonly staleMs: () => number | null
  /** `namespace/name` of the VipReport. */
  readonly reportKey: string
  /** Name of this node, until the sidecar has reported it. */
  readonly node: string
  /** The pod that this process runs in; null outside of a pod. */
  readonly pod: (Owner & { readonly namespace: string }) | null
  readonly clock: Clock
  readonly now: () => Date
  /** From 0 to below 1. */
  readonly random: () => number
  /** Shows the sidecar what the nodes report. */
  readonly showCluster: (cluster: ShownCluster) => Promise<void>
  readonly log: Log
}

/** Writes all reports that are due. */
export interface ReportPass {
  recordOutcome(outcome: PassOutcome): void
  /** Does each part even if another one fails. @throws The first fault. */
  run(): Promise<void>
  /** @throws ApiFault */
  release(): Promise<void>
}

interface Facts extends ClusterFacts {
  readonly self: string
  readonly own: NodeReport
}

export function createReportPass(options: ReportPassOptions): ReportPass {
  const { facts, pod, staleMs, status } = options
  const ownReport = createOwnReport({ ...options, leases: leasesOf(options) })
  const staleness = createStalenessEvents()
  const recorder = createRecorder({ ...options, instance: `sync ${options.node}` })
  const origins = new Map<number, Origin>()
  const cluster = createClusterPart(options, announceAtConfigMaps)
  const view = createClusterView({ ...options, leases: leasesOf(options) })
  let held: Extract<PassOutcome, { kind: "held" }>["problems"] = []
  let announced: NodeReport | null = null

  async function announce(regarding: Regarding | null, notes: readonly EventText[]): Promise<void> {
    if (regarding === null) return
    for (const note of notes) await recorder.record({ ...note, regarding })
  }

  function regardingPod(): Regarding | null {
    if (pod === null) return null
    return { apiVersion: "v1", kind: "Pod", namespace: pod.namespace, name: pod.name, uid: pod.uid }
  }

  async function announceAtConfigMaps(notes: readonly ClusterEvent[]): Promise<void> {
    const present = [...facts().configMaps].flatMap(([key, one]) => (one === null ? [] : [regarding(key, one.uid)]))
    for (const { about, ...note } of notes) {
      const named = present.filter(({ namespace, name }) => `ConfigMap ${namespace}/${name}` === about)
      const targets = about === "all" ? present : named.length > 0 ? named : present.slice(0, 1)
      for (const one of targets) await announce(one, [note])
    }
  }

  function snapshot(): Facts {
    const said = status.read()
    const cluster = facts()
    const configMap = versionOf(cluster)
    const firstConfigMap = `ConfigMap ${[...cluster.configMaps.keys()][0] ?? ""}`
    const own = nodeReportOf({ configMap, firstConfigMap, held, said, sourceAge: sourceAgeOf(staleMs()), origins })
    return { ...cluster, self: said?.status.node ?? options.node, own }
  }

  const parts: readonly ((seen: Facts) => Promise<void>)[] = [
    ({ self, own, nodes }) => ownReport.keep(self, own, nodes.size),
    async ({ own }) => {
      await announce(regardingPod(), eventsOfNode(announced, own))
      announced = own
    },
    async () => {
      const notes = staleness.of(staleMs() ?? 0)
      await announce(regardingPod(), notes)
      staleness.markReported(notes)
    },
    (seen) => cluster.run(seen),
    ({ self, nodes }) => view.keep(self, nodes),
  ]

  return {
    recordOutcome: (outcome) => {
      if (outcome.kind === "settling") return
      held = outcome.problems
      if (outcome.kind === "held" || outcome.kind === "failed") return
      const { sequence, contentSha256 } = outcome.published
      origins.set(sequence, { configMap: versionOf(facts()), contentSha256 })
      for (const known of origins.keys()) if (known <= sequence - MOST_ORIGINS) origins.delete(known)
    },
    run: async () => {
      // Before its first pass this process knows nothing.
      if (origins.size === 0 && held.length === 0) return
      const seen = snapshot()
      const faults: unknown[] = []
      for (const part of parts) await part(seen).catch((error: unknown) => faults.push(error))
      if (faults.length > 0) throw faults[0]
    },
    release: () => cluster.release(),
  }
}

function regarding(key: string, uid: string): Regarding {
  return { apiVersion: "v1", kind: "ConfigMap", namespace: namespaceOf(key), name: nameOf(key), uid }
}

/** The resourceVersions of the ConfigMaps as one text, "-" for a missing one; null if there is none. */
function versionOf({ configMaps }: ClusterFacts): string | null {
  const versions = [...configMaps.values()].map((one) => one?.resourceVersion ?? "-")
  if (versions.every((version) => version === "-")) return null
  const text = versions.join(" ")
  return text.length > LONGEST_VERSION ? sha256Of(text).slice(0, LONGEST_VERSION) : text
}

/** Maximum characters of a version in a report. */
const LONGEST_VERSION = 64

function sourceAgeOf(staleMs: number | null): Age {
  return staleMs === null
    ? { kind: "unknown", why: "sync has not read its source completely yet" }
    : { kind: "age", seconds: staleMs / 1000 }
}

interface ClusterPart {
  /** @throws ApiFault */
  run(seen: Facts): Promise<void>
  release(): Promise<void>
}

/** The part that only one node does: it sums up all reports. */
function createClusterPart(
  options: ReportPassOptions,
  announce: (notes: readonly ClusterEvent[]) => Promise<void>,
): ClusterPart {
  const { api, clock, log, node, now, pod, reportKey } = options
  const leases = leasesOf(options)
  const freshness = createFreshness(clock)
  const path = { ...leasesPath(reportKey), name: `reporter.${nameOf(reportKey)}` }
  const election = createElection({ ...options, path, identity: pod?.name ?? node })
  const report = createVipReport(api, vipReportPath(namespaceOf(reportKey), nameOf(reportKey)), now)
  let summed: { readonly summary: Summary; readonly at: number } | null = null
  let isMissed = false
  /** When this node began to write for all. */
  let since: number | null = null
  /** Name of an instance -> since when the number of its masters is not one; absent while it is one. */
  let oddSince: ReadonlyMap<string, number> = new Map()

  /** Rarely while all is well, at each turn while something changes. */
  function isDue({ own }: Facts): boolean {
    if (summed === null || oddSince.size > 0 || clock.now() - summed.at >= REST_MS) return true
    return !isReady(summed.summary) || own.state !== "applied" || summed.summary.configMap !== own.configMap
  }

  async function sumUp({ self, own, nodes, configMaps }: Facts): Promise<void> {
    // The report of this node may not be written yet.
    const reports = new Map([...freshness.fresh(await leases.readAll()), [self, own]])
    const patient = clock.now() - (since ??= clock.now()) < PATIENT_MS
    const now = clock.now()
    const odd = oddInstances(rolesIn({ nodes, reports }).masters)
    oddSince = new Map(odd.map((name) => [name, oddSince.get(name) ?? now]))
    const oddMastersMs = new Map([...oddSince].map(([name, at]) => [name, now - at]))
    const summary = summarise({ configMap: own.configMap, nodes, reports, patient, oddMastersMs })
    const written = await report.write(summary, entriesOf(configMaps))
    if (written.kind === "missing" && !isMissed) {
      log.warn("no report", {
        report: reportKey,
        reason: "the API server does not know the kind VipReport; apply the manifests",
      })
    }
    isMissed = written.kind === "missing"
    const before = written.kind === "missing" ? (summed?.summary ?? null) : written.before
    summed = { summary, at: clock.now() }
    await announce(eventsOfCluster(before, summary))
  }

  return {
    run: async (seen) => {
      const rank = [...seen.nodes.keys()].sort().indexOf(seen.self)
      const isChosen = await election.renew(Math.max(0, rank))
      if (!isChosen) {
        since = null
        oddSince = new Map()
      } else if (isDue(seen)) await sumUp(seen)
    },
    release: () => election.release(),
  }
}

/** The entries of all ConfigMaps together; null if one of them is missing or cannot be read. */
function entriesOf(configMaps: ClusterFacts["configMaps"]): Readonly<Record<string, string>> | null {
  const all = [...configMaps.values()].map((one) => one?.entries ?? null)
  if (!all.every((entries) => entries !== null)) return null
  // Of several entries for one address, that of the first ConfigMap counts.
  return Object.fromEntries(all.toReversed().flatMap((entries) => Object.entries(entries)))
}

function leasesOf({ api, reportKey, pod, now }: ReportPassOptions) {
  return createNodeLeases(api, { path: leasesPath(reportKey), name: nameOf(reportKey), owner: pod, now })
}

function leasesPath(reportKey: string) {
  return { group: "coordination.k8s.io", version: "v1", plural: "leases", namespace: namespaceOf(reportKey) }
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf("/"))
}

function nameOf(key: string): string {
  return key.slice(key.indexOf("/") + 1)
}
