import type { Drained } from "../../contract/node/drain.ts"
import type { NodeReport } from "../../contract/report/node-report.ts"
import { ableNodes, byRank, type KnownNode, objectionTo, roleOf } from "../../contract/report/takeover.ts"
import { counted, listed } from "../../kit/text/format.ts"
import type { Heard } from "./heard.ts"

/** What happens to the VIPs of a VRRP instance, as far as the reports of the nodes say. */
export interface Plan {
  readonly instance: string
  /** Number of its VIPs, and the addresses that the holder names. They move together. */
  readonly count: number
  readonly vips: readonly string[]
  /** The nodes that hold them now; exactly one if all is well. */
  readonly holders: readonly string[]
  /** The nodes to drain, in this order. */
  readonly drains: readonly string[]
  /** The node that holds the VIPs afterwards; null if none is known. */
  readonly holder: string | null
  /** The nodes, in the order in which they take over, and why one cannot; null: it can. */
  readonly nodes: readonly { readonly node: string; readonly objection: string | null }[]
}

/** A plan, or why there is none. */
export type Planned = { readonly plans: readonly Plan[]; readonly objection: string | null }

/** A node as its report says it. @param now The time of the API server, in ms. */
export function knownOf({ node, report, renewTime }: Heard, now: number): KnownNode {
  const time = Date.parse(renewTime ?? "")
  if (report === null) return { node, ready: null, answers: null, report: null }
  const { roles, generation, drained = null } = report
  const ageMs = Number.isNaN(time) ? null : Math.max(0, now - time)
  return { node, ready: null, answers: null, report: { ageMs, roles, drained, generation } }
}

/** What draining one node does. */
export function drainPlan(node: string, heard: readonly Heard[], now: number): Planned {
  const own = heard.find((one) => one.node === node)
  const roles = own?.report?.roles ?? []
  if (roles.length === 0)
    return {
      plans: [],
      objection: own === undefined ? unknownNode(node, heard) : `node ${node} does not report its VRRP state`,
    }
  const known = heard.map((one) => knownOf(one, now))
  const plans = roles.map(({ instance }) => {
    const facts = factsOf(instance, heard, known)
    const others = known.filter((one) => one.node !== node)
    const next = ableNodes(others, instance)[0]?.node ?? null
    const kept = facts.holders.find((holder) => holder !== node && others.some((one) => one.node === holder))
    return { ...facts, drains: [node], holder: facts.holders.includes(node) ? next : (kept ?? next) }
  })
  const alone = plans.some(({ holder }) => holder === null)
  return { plans, objection: alone ? "no other node can take over" : null }
}

/** Which nodes must be drained so that one node holds the VIPs of an instance: those that come before it, and the holder. */
export function movePlan(to: string, instance: string, heard: readonly Heard[], now: number): Planned {
  const known = heard.map((one) => knownOf(one, now))
  const facts = factsOf(instance, heard, known)
  const target = known.find((one) => one.node === to)
  if (target === undefined) return { plans: [], objection: unknownNode(to, heard) }
  if (facts.holders.includes(to)) return { plans: [{ ...facts, drains: [], holder: to }], objection: null }
  const plan = { ...facts, drains: [], holder: null }
  const objection = objectionTo(target, instance)
  if (objection !== null) return { plans: [plan], objection: `node ${to} cannot take over: ${objection}` }
  if ((roleOf(target, instance)?.priority ?? null) === null)
    return { plans: [plan], objection: `node ${to} does not report its priority: its release is older than this one` }
  const able = ableNodes(known, instance).map(({ node }) => node)
  const before = able.slice(0, able.indexOf(to)).filter((node) => !facts.holders.includes(node))
  // The holder comes last: until then no VIP moves.
  return { plans: [{ ...facts, drains: [...before, ...facts.holders], holder: to }], objection: null }
}

function factsOf(instance: string, heard: readonly Heard[], known: readonly KnownNode[]) {
  const isHolder = ({ report, isFresh }: Heard) =>
    isFresh && report?.roles?.some((role) => role.instance === instance && role.state === "master") === true
  const holding = heard.filter(isHolder)
  const nodes = byRank(known, instance).map((one) => ({ node: one.node, objection: objectionTo(one, instance) }))
  return {
    ...{ instance, nodes, holders: holding.map(({ node }) => node) },
    count: Math.max(0, ...holding.map(({ report }) => report?.vips ?? 0)),
    vips: (holding[0]?.report?.serves ?? []).map(({ vip }) => vip),
  }
}

function unknownNode(node: string, heard: readonly Heard[]): string {
  return `no node ${node} reports (there are: ${heard.map((one) => one.node).join(", ") || "none"})`
}

/** A plan for people. */
export function planText({ instance, count, vips, holders, drains, holder, nodes }: Plan): string {
  const what = `${counted(count, "VIP")} of VRRP instance "${instance}"${vips.length === 0 ? "" : ` (${listed(vips)})`}`
  const moves = holder !== null && !holders.includes(holder)
  const where = holder === null ? "no other node is known to take over" : moves ? `${holder} takes over` : "none moves"
  return [
    `Held now: ${holders.join(", ") || "by no node that reports"}: ${what}; they move together`,
    ...nodes.map(
      ({ node, objection }) => `  ${node}: ${objection === null ? "can take over" : `cannot: ${objection}`}`,
    ),
    ...(drains.length === 0 ? [] : [`Drains ${drains.join(", then ")}, until kubectl kkv resume: ${where}`]),
  ]
    .map((line) => `${line}\n`)
    .join("")
}

/** The drained nodes, and since when and why. */
export function drainedNodes(heard: readonly Heard[]): readonly { readonly node: string; readonly drained: Drained }[] {
  return heard.flatMap(({ node, report }) => {
    const drained = report?.drained ?? null
    return drained === null ? [] : [{ node, drained }]
  })
}

/** Whether a report says that the node is drained. */
export function isDrained(report: NodeReport | null): boolean {
  return (report?.drained ?? null) !== null
}

/** Whether a report shows the effect of a drain: the node is drained, and holds no VIP. */
export function isAway(report: NodeReport | null): boolean {
  return isDrained(report) && report?.roles?.some(({ state }) => state === "master") !== true
}
