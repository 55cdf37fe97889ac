import { compare } from "../../kit/problem.ts"
import { span } from "../../kit/text/span.ts"
import type { Drained } from "../node/drain.ts"
import { isUnwell } from "../vrrp.ts"
import { type NodeRole, REPORT_STALE_MS } from "./node-report.ts"

/** A node as another one, or a user, knows it. */
export interface KnownNode {
  readonly node: string
  /** Whether the API server calls it Ready; null if unknown. */
  readonly ready: boolean | null
  /** False if it does not answer probes; null if it is not asked. */
  readonly answers: boolean | null
  /** Its last report; null if it has never reported. */
  readonly report: {
    /** Null if unknown: then it may be old. */
    readonly ageMs: number | null
    readonly roles: readonly NodeRole[] | null
    readonly drained: Drained | null
    /** Null before a configuration is in effect there. */
    readonly generation: string | null
  } | null
}

/** Why a node cannot take over the VIPs of a VRRP instance; null if it can, as far as it is known. */
export function objectionTo({ ready, answers, report }: KnownNode, instance: string): string | null {
  if (report === null) return "it has never reported"
  if (report.ageMs === null) return "its report may be old: it renews it once a minute; ask again then"
  if (report.ageMs > REPORT_STALE_MS) return `its last report is ${span(report.ageMs)} old`
  if (ready === false) return "the API server calls it not Ready"
  if (answers === false) return "it does not answer"
  if (report.drained !== null) return `it is drained (${report.drained.reason})`
  if (report.generation === null) return "no configuration is in effect there"
  const role = roleOf({ report }, instance)
  if (role === null) return "it does not report its VRRP state"
  if (isUnwell(role) || role.state === "init")
    return `it is ${role.state.toUpperCase()}${role.reason === null ? "" : `: ${role.reason}`}`
  return null
}

/** The nodes that can take the VIPs of an instance over; the one that takes over first comes first. */
export function ableNodes<Node extends KnownNode>(nodes: readonly Node[], instance: string): readonly Node[] {
  return byRank(nodes, instance).filter((one) => objectionTo(one, instance) === null)
}

/** In the order of the priorities; those without one come last. */
export function byRank<Node extends KnownNode>(nodes: readonly Node[], instance: string): readonly Node[] {
  const priority = (one: Node) => roleOf(one, instance)?.priority ?? 0
  return nodes.toSorted((a, b) => priority(b) - priority(a) || compare(a.node, b.node))
}

/** The part of a node in an instance; null if it does not say. */
export function roleOf({ report }: Pick<KnownNode, "report">, instance: string): NodeRole | null {
  return report?.roles?.find((role) => role.instance === instance) ?? null
}
