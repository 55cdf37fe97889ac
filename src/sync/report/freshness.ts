import type { Clock } from "../../kit/time/clock.ts"
import { type NodeReport, REPORT_STALE_MS } from "../../contract/report/node-report.ts"
import type { Renewed } from "./node-leases.ts"

/** Separates the reports of nodes that still report from old reports. */
export interface Freshness {
  /** @param found All reports. */
  fresh(found: ReadonlyMap<string, Renewed>): ReadonlyMap<string, NodeReport>
}

/** The age of a renewal counts from when this machine saw it, so clocks do not have to agree. */
export function createFreshness(clock: Clock): Freshness {
  let seen = new Map<string, { readonly renewal: string; readonly at: number }>()
  return {
    fresh: (found) => {
      const now = clock.now()
      seen = new Map(
        [...found].map(([node, { renewal }]) => {
          const before = seen.get(node)
          return [node, before?.renewal === renewal ? before : { renewal, at: now }]
        }),
      )
      const isFresh = (node: string) => now - (seen.get(node)?.at ?? now) < REPORT_STALE_MS
      return new Map([...found].filter(([node]) => isFresh(node)).map(([node, { report }]) => [node, report]))
    },
  }
}
