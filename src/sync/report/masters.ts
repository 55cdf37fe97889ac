import type { NodeReport } from "./node-report.ts"
import type { Trouble } from "./node-troubles.ts"

/** The nodes that report that they are master, among those that are alive. */
export interface Masters {
  /** Sorted by name. */
  readonly names: readonly string[]
  /** Whether any node reports its role. */
  readonly isKnown: boolean
  /** Names of nodes that were master in their last report, and no longer report: their role is unknown. */
  readonly lost: readonly string[]
  /** Time for which zero or two masters are not a fault, in ms: three adverts of the slowest, and 10 s. */
  readonly patienceMs: number
}

const GRACE_MS = 10_000
const ADVERTS = 3
/** Advert interval if no node reports it, in seconds. */
const USUAL_ADVERT_INTERVAL = 1

export interface MastersInput {
  /** Reports of the living nodes, sorted by name. */
  readonly living: readonly { readonly node: string; readonly report: NodeReport }[]
  /** Last reports of the other nodes. */
  readonly gone: readonly { readonly node: string; readonly report: NodeReport }[]
}

export function mastersOf({ living, gone }: MastersInput): Masters {
  const isMaster = ({ report }: MastersInput["living"][number]) => report.role?.state === "master"
  const intervals = living.map(({ report }) => report.role?.advertInterval ?? USUAL_ADVERT_INTERVAL)
  return {
    names: living.filter(isMaster).map(({ node }) => node),
    isKnown: living.some(({ report }) => report.role !== null),
    lost: gone.filter(isMaster).map(({ node }) => node),
    patienceMs: ADVERTS * 1_000 * Math.max(USUAL_ADVERT_INTERVAL, ...intervals) + GRACE_MS,
  }
}

/** Whether one node is master, or the masters are unknown. */
export function isAsItShouldBe({ names, isKnown }: Masters): boolean {
  return names.length === 1 || !isKnown
}

/**
 * @param oddMs Time for which the number of masters has not been one.
 * @returns Null while that is not a fault.
 */
export function mastersTrouble(masters: Masters, oddMs: number): Trouble | null {
  if (isAsItShouldBe(masters) || oddMs <= masters.patienceMs) return null
  if (masters.names.length > 1) {
    const note =
      "These nodes are VRRP master at once, so they do not hear each other: look at the LAN between them, at a firewall (IP protocol 112), at --iface and --use-unicast"
    return { reason: "TwoMasters", note }
  }
  const lost =
    masters.lost.length === 0 ? "" : `; ${masters.lost.join(", ")} was master in its last report, and no longer reports`
  const note = `No node that reports is VRRP master, so no node is known to hold the VIPs${lost}: run "kkv status" on each node`
  return { reason: "NoMaster", note }
}
