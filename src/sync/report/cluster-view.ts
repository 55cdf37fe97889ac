import type { ClusterNode, ClusterReport } from "../../contract/report/cluster.ts"
import type { Clock } from "../../kit/time/clock.ts"
import { compare } from "../../kit/problem.ts"
import { createFreshness } from "./freshness.ts"
import type { NodeLeases, Renewed } from "./node-leases.ts"
import type { ClusterFacts } from "./ports.ts"

/** A node and its last report. */
export interface ShownNode extends Omit<ClusterNode, "report"> {
  readonly report: (Omit<ClusterReport, "renewed"> & { readonly ageMs: number | null }) | null
}

/** The nodes in the order of their names. */
export type ShownCluster = readonly ShownNode[]

/** Minimum time between two reads of all reports, in ms; with more nodes, more time: all of them read. */
const LEAST_INTERVAL_MS = 5_000
const INTERVAL_MS_A_NODE = 500

export interface ClusterViewOptions {
  readonly leases: Pick<NodeLeases, "readAll">
  readonly showCluster: (cluster: ShownCluster) => Promise<void>
  readonly clock: Clock
}

/** Shows this node's sidecar what the other nodes report, for the status page. */
export interface ClusterView {
  /** Reads and shows the reports if that is due; called repeatedly. @throws ApiFault */
  keep(self: string, nodes: ClusterFacts["nodes"]): Promise<void>
}

export function createClusterView({ leases, showCluster, clock }: ClusterViewOptions): ClusterView {
  const freshness = createFreshness(clock)
  let readAt: number | null = null
  return {
    keep: async (self, nodes) => {
      const interval = Math.max(LEAST_INTERVAL_MS, INTERVAL_MS_A_NODE * nodes.size)
      if (readAt !== null && clock.now() < readAt + interval) return
      readAt = clock.now()
      const found = await leases.readAll()
      const ages = freshness.ages(found)
      const names = [...new Set([...nodes.keys(), ...found.keys(), self])].sort(compare)
      const shown = names.map((name) => ({
        name,
        ready: nodes.get(name)?.ready === true,
        report: shownReport(found.get(name) ?? null, ages.get(name) ?? null),
      }))
      await showCluster(shown)
    },
  }
}

function shownReport(renewed: Renewed | null, ageMs: number | null): ShownNode["report"] {
  if (renewed === null) return null
  const { report, renewal } = renewed
  const { state, generation, vips, roles, drained, troubles } = report
  const said = { state, generation, vips, roles, ageMs, renewTime: renewal, drained: drained ?? null }
  return { ...said, troubles: troubles.map(({ reason, note }) => `${reason}: ${note}`) }
}
