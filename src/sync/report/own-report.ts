import type { Clock } from "../../kit/time/clock.ts"
import type { NodeLeases } from "./node-leases.ts"
import { encodeNodeReport, type NodeReport } from "../../contract/report/node-report.ts"

/** Time over which writes are spread, in ms per node: five hundred nodes write fifty times per second. */
const SPREAD_MS_A_NODE = 20
const LEAST_INTERVAL_MS = 1000
/** Time for which a report must stay `pending` before it is written, in ms. */
const PENDING_MS = 5000
/** Delay of a change in the generation only, in ms: endpoints change all day. */
const MERE_GENERATION_MS = 60_000
/** Time between two writes of an unchanged report, in ms: they show that the node still reports. */
const RENEW_MS = 60_000

export interface OwnReportOptions {
  readonly leases: NodeLeases
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
}

/** Keeps this node's Lease up to date with few writes. */
export interface OwnReport {
  /**
   * Writes if a write is due; called repeatedly.
   *
   * @param nodes Number of nodes. @throws ApiFault
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
        // New generations must not delay it for ever.
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

/** The report without the fields that are only for information. */
function asked(report: NodeReport): string {
  return encodeNodeReport({ ...report, generation: null, readyPods: 0, serves: null, servesMore: 0 })
}
