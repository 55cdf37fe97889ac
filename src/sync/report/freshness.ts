import type { Clock } from "../../kit/clock.ts"
import type { NodeReport } from "./node-report.ts"
import type { Renewed } from "./node-leases.ts"

/** A node renews its Lease every minute; after so long without, its sync is gone, and what it said last is not known any more. */
const STALE_MS = 180_000

/** Tells reports of nodes that go on reporting from those that were left behind. */
export interface Freshness {
  /** @param found All that is there. */
  fresh(found: ReadonlyMap<string, Renewed>): ReadonlyMap<string, NodeReport>
}

/** A renewal is judged by this machine's own clock from when it was seen, so clocks need not agree. */
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
      const isFresh = (node: string) => now - (seen.get(node)?.at ?? now) < STALE_MS
      return new Map([...found].filter(([node]) => isFresh(node)).map(([node, { report }]) => [node, report]))
    },
  }
}
