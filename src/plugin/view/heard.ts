import { type NodeLease, type NodeReport, REPORT_STALE_MS } from "../../contract/report/node-report.ts"

/** A node with what it says, and whether that still counts. */
export interface Heard {
  readonly node: string
  readonly report: NodeReport | null
  /** When it last renewed its report, ISO 8601; null if it does not say. */
  readonly renewTime: string | null
  readonly isFresh: boolean
}

/** @param now The time of the API server: the clock of this machine may differ from that of the nodes. */
export function heardOf({ node, report, renewTime }: NodeLease, now: Date): Heard {
  const renewed = Date.parse(renewTime ?? "")
  return { node, report, renewTime, isFresh: !Number.isNaN(renewed) && now.getTime() - renewed < REPORT_STALE_MS }
}
