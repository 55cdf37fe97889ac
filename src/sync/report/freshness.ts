import type { Clock } from "../../kit/time/clock.ts"
import { type NodeReport, REPORT_STALE_MS } from "../../contract/report/node-report.ts"
import type { Renewed } from "./node-leases.ts"

/** Separates the reports of nodes that still report from old reports. */
export interface Freshness {
  /** @param found All reports. */
  fresh(found: ReadonlyMap<string, Renewed>): ReadonlyMap<string, NodeReport>
  /** @param found All reports. @returns Time since each was renewed, in ms; null: not since this machine first saw it. */
  ages(found: ReadonlyMap<string, Renewed>): ReadonlyMap<string, number | null>
}

interface Sighting {
  readonly renewal: string
  readonly at: number
  /** Whether this machine saw it happen: the first that it sees may be old. */
  readonly isNew: boolean
}

/** The age of a renewal counts from when this machine saw it, so clocks do not have to agree. */
export function createFreshness(clock: Clock): Freshness {
  let seen = new Map<string, Sighting>()
  const look = (found: ReadonlyMap<string, Renewed>): number => {
    const now = clock.now()
    seen = new Map([...found].map(([node, { renewal }]) => [node, sightingOf(seen.get(node), renewal, now)]))
    return now
  }
  return {
    fresh: (found) => {
      const now = look(found)
      const isFresh = (node: string) => now - (seen.get(node)?.at ?? now) < REPORT_STALE_MS
      return new Map([...found].filter(([node]) => isFresh(node)).map(([node, { report }]) => [node, report]))
    },
    ages: (found) => {
      const now = look(found)
      return new Map([...seen].map(([node, { at, isNew }]) => [node, isNew ? now - at : null]))
    },
  }
}

function sightingOf(before: Sighting | undefined, renewal: string, now: number): Sighting {
  return before?.renewal === renewal ? before : { renewal, at: now, isNew: before !== undefined }
}
