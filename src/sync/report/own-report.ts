import type { Clock } from "../../kit/clock.ts"
import type { NodeLeases } from "./node-leases.ts"
import { encodeNodeReport, type NodeReport } from "./node-report.ts"

/** The writes of all nodes are spread over so long for each node there is: five hundred write fifty times a second. */
const SPREAD_MS_A_NODE = 20
const LEAST_INTERVAL_MS = 1000
/** What is on its way is not worth a write, unless it stays there. */
const PENDING_MS = 5000
/** A change of nothing but the generation in effect can wait: endpoints come and go all day. */
const MERE_GENERATION_MS = 60_000
/** What is unchanged is written again all the same: it shows that somebody still says so. */
const RENEW_MS = 60_000

export interface OwnReportOptions {
  readonly leases: NodeLeases
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
}

/** Keeps this node's Lease at what the node has to say, with few writes. */
export interface OwnReport {
  /**
   * Writes where it is due; called again and again.
   *
   * @param nodes How many nodes there are. @throws ApiFault
   */
  keep(node: string, report: NodeReport, nodes: number): Promise<void>
}

export function createOwnReport({ leases, clock, random }: OwnReportOptions): OwnReport {
  let written: { readonly report: NodeReport; readonly at: number } | null = null
  let wanted: { readonly text: string; readonly dueAt: number } | null = null

  function dueAt(report: NodeReport, nodes: number): number {
    const spread = SPREAD_MS_A_NODE * nodes
    const soon = clock.now() + random() * spread + (report.state === "pending" ? PENDING_MS : 0)
    if (written === null) return soon
    const mere = asked(report) === asked(written.report)
    return Math.max(soon, written.at + (mere ? MERE_GENERATION_MS : Math.max(LEAST_INTERVAL_MS, spread)))
  }

  return {
    keep: async (node, report, nodes) => {
      const text = encodeNodeReport(report)
      if (written !== null && text === encodeNodeReport(written.report)) {
        wanted = null
        if (clock.now() < written.at + RENEW_MS + SPREAD_MS_A_NODE * nodes) return
        wanted = { text, dueAt: clock.now() }
      }
      if (wanted?.text !== text) {
        const at = dueAt(report, nodes)
        // Ever new generations do not put it off for ever.
        const sooner = wanted !== null && report.state !== "pending" ? Math.min(wanted.dueAt, at) : at
        wanted = { text, dueAt: sooner }
      }
      if (clock.now() < wanted.dueAt) return
      await leases.write(node, report)
      written = { report, at: clock.now() }
      wanted = null
    },
  }
}

/** All but what only informs. */
function asked(report: NodeReport): string {
  return encodeNodeReport({ ...report, generation: null, readyPods: 0 })
}
