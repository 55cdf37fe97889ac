import { ofInstance } from "../../contract/vrrp.ts"
import { compare } from "../../kit/problem.ts"
import type { NodeReport, Trouble } from "../../contract/report/node-report.ts"

/** The nodes that report that they are the master of a VRRP instance, among those that are alive. */
export interface InstanceMasters {
  /** Name of the instance. */
  readonly name: string
  /** Names of the nodes, sorted. */
  readonly names: readonly string[]
  /** Names of nodes that were master in their last report, and no longer report: their role is unknown. */
  readonly lost: readonly string[]
}

export interface Masters {
  /** Sorted by name; never empty. */
  readonly instances: readonly InstanceMasters[]
  /** Whether any node reports its roles. */
  readonly isKnown: boolean
  /** Time for which zero or two masters are not a fault, in ms: three adverts of the slowest, and 10 s. */
  readonly patienceMs: number
}

const GRACE_MS = 10_000
const ADVERTS = 3
/** Advert interval if no node reports it, in seconds. */
const USUAL_ADVERT_INTERVAL = 1
/** Stands for the instances when no node names one. */
const UNNAMED = ""

type Reported = { readonly node: string; readonly report: NodeReport }

export interface MastersInput {
  /** Reports of the living nodes, sorted by name. */
  readonly living: readonly Reported[]
  /** Last reports of the other nodes. */
  readonly gone: readonly Reported[]
}

export function mastersOf({ living, gone }: MastersInput): Masters {
  const rolesOf = ({ report }: Reported) => report.roles ?? []
  const known = new Set([...living, ...gone].flatMap(rolesOf).map(({ instance }) => instance))
  const instances = known.size === 0 ? [UNNAMED] : [...known].sort(compare)
  const mastersIn = (reports: readonly Reported[], name: string) => {
    const isMaster = (one: Reported) =>
      rolesOf(one).some(({ instance, state }) => instance === name && state === "master")
    return reports.filter(isMaster).map(({ node }) => node)
  }
  const intervals = living.flatMap(rolesOf).map(({ advertInterval }) => advertInterval ?? USUAL_ADVERT_INTERVAL)
  return {
    instances: instances.map((name) => ({ name, names: mastersIn(living, name), lost: mastersIn(gone, name) })),
    isKnown: living.some(({ report }) => report.roles !== null),
    patienceMs: ADVERTS * 1_000 * Math.max(USUAL_ADVERT_INTERVAL, ...intervals) + GRACE_MS,
  }
}

/** The names of the instances that do not have one master; empty if the masters are unknown. */
export function oddInstances({ instances, isKnown }: Masters): readonly string[] {
  return isKnown ? instances.filter(({ names }) => names.length !== 1).map(({ name }) => name) : []
}

/**
 * @param oddMs Time for which the number of masters of the instance has not been one.
 * @returns Null while that is not a fault.
 */
export function mastersTrouble(
  masters: Masters,
  { name, names, lost }: InstanceMasters,
  oddMs: number,
): Trouble | null {
  if (!oddInstances(masters).includes(name) || oddMs <= masters.patienceMs) return null
  const own = ofInstance(name, masters.instances.length)
  if (names.length > 1) {
    const note = `These nodes are VRRP master${own} at once, so they do not hear each other: look at the LAN between them, at a firewall (IP protocol 112), at --iface and --use-unicast`
    return { reason: "TwoMasters", note }
  }
  const last = lost.length === 0 ? "" : `; ${lost.join(", ")} was master in its last report, and no longer reports`
  const note = `No node that reports is VRRP master${own}, so no node is known to hold the VIPs${last}: run "kkv status" on each node`
  return { reason: "NoMaster", note }
}
