import type { NodeReport } from "./node-report.ts"
import type { Trouble } from "./node-troubles.ts"

/** Which nodes say that they are master, among those that live and report. */
export interface Masters {
  /** In the order of their names. */
  readonly names: readonly string[]
  /** Whether any node says what its role is. */
  readonly isKnown: boolean
  /** Names of nodes that said so last, and are not heard any more: of these nobody knows. */
  readonly lost: readonly string[]
  /** Time for which other than one master is no fault, ms: three adverts of the slowest, and 10 s. */
  readonly patienceMs: number
}

const GRACE_MS = 10_000
const ADVERTS = 3
/** Seconds, where no node says it. */
const USUAL_ADVERT_INTERVAL = 1

export interface MastersInput {
  /** Reports of the nodes that live, in the order of their names. */
  readonly living: readonly { readonly node: string; readonly report: NodeReport }[]
  /** Last reports of the others. */
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

/** Whether it is as it should be: one node is master, or nobody can tell. */
export function isAsItShouldBe({ names, isKnown }: Masters): boolean {
  return names.length === 1 || !isKnown
}

/**
 * @param oddMs Time for which it has not been as it should be.
 * @returns null while that is no fault.
 */
export function mastersTrouble(masters: Masters, oddMs: number): Trouble | null {
  if (isAsItShouldBe(masters) || oddMs <= masters.patienceMs) return null
  if (masters.names.length > 1) {
    const note =
      "These nodes are VRRP master at once, so they do not hear each other: look at the LAN between them, at a firewall (IP protocol 112), at --iface and --use-unicast"
    return { reason: "TwoMasters", note }
  }
  const lost = masters.lost.length === 0 ? "" : `; ${masters.lost.join(", ")} said so last, and is not heard any more`
  const note = `No node that reports is VRRP master, so nobody is known to hold the VIPs${lost}: look at "kkv status" on each node`
  return { reason: "NoMaster", note }
}
