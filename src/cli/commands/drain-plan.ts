import { ableNodes, byRank, objectionTo, roleOf } from "../../contract/report/takeover.ts"
import type { Status } from "../../contract/status.ts"
import { counted, listed } from "../../kit/text/format.ts"
import { span } from "../../kit/text/span.ts"
import type { OtherNodes } from "../input/known-nodes.ts"

/** What draining this node does, as far as this node knows. */
export interface DrainPlan {
  readonly node: string
  readonly instances: readonly InstancePlan[]
  /** Why the VIPs would stay without a holder; null if another node takes over. */
  readonly objection: string | null
}

interface InstancePlan {
  readonly instance: string
  readonly state: Status["vrrp"][number]["state"]
  /** The node that takes over next; null if none is known. */
  readonly takesOver: string | null
  /** The other nodes, in the order in which they take over: how each is, or why it cannot. */
  readonly others: readonly { readonly node: string; readonly able: boolean; readonly text: string }[]
}

/** Pure: equal input gives equal output. */
export function drainPlanOf(status: Status, others: OtherNodes): DrainPlan {
  const { node, vrrp } = status
  const instances = vrrp.map(({ instance, state }) => {
    const nodes = others.kind === "known" ? others.nodes : []
    const takesOver = ableNodes(nodes, instance)[0]?.node ?? null
    const shown = byRank(nodes, instance).map((one) => {
      const objection = objectionTo(one, instance)
      const role = roleOf(one, instance)
      const well = `${role?.state.toUpperCase() ?? "UNKNOWN"}, reported ${span(one.report?.ageMs ?? 0)} ago`
      return { node: one.node, able: objection === null, text: objection ?? well }
    })
    return { instance, state, takesOver, others: shown }
  })
  return { node, instances, objection: objectionOf(instances, others) }
}

function objectionOf(instances: readonly InstancePlan[], others: OtherNodes): string | null {
  if (instances.length === 0) return "this node does not know its VRRP state"
  const alone = instances.filter(({ takesOver }) => takesOver === null)
  if (alone.length === 0) return null
  if (others.kind === "known") return `no other node can take over${reasonsOf(alone)}`
  // A backup hears the adverts of the node that holds the VIPs.
  if (alone.every(({ state }) => state === "backup")) return null
  return `it is unknown whether another node can take over: ${others.why}`
}

/** Why each of the other nodes cannot; empty if there is none. */
function reasonsOf(alone: readonly InstancePlan[]): string {
  const said = new Set(alone.flatMap(({ others }) => others.map(({ node, text }) => `${node}: ${text}`)))
  return said.size === 0 ? "" : ` (${listed([...said])})`
}

/** The plan for people. */
export function planText({ node, instances }: DrainPlan, { vips }: Pick<Status, "vips">): string {
  const addresses = vips.filter(({ inEffect }) => inEffect).map(({ vip }) => vip)
  const together = `${counted(addresses.length, "VIP")}${addresses.length === 0 ? "" : ` (${listed(addresses)})`}`
  const lines = instances.flatMap(({ instance, state, takesOver, others }) => {
    const holds = state === "master"
    const one = instances.length === 1
    const what = one ? `all of them move together: ${together}` : `the VIPs of ${instance} move together`
    const next = takesOver === null ? "no other node is known to be able to" : `${takesOver} takes over`
    return [
      `${node} is ${state.toUpperCase()}${one ? "" : ` of ${instance}`}: ${holds ? `${what}; ${next}` : `it holds ${one ? "no VIP" : "none of its VIPs"}, so none moves`}`,
      ...others.map((other) => `  ${other.node}: ${other.able ? "can take over" : "cannot take over"}: ${other.text}`),
    ]
  })
  return lines.map((line) => `${line}\n`).join("")
}
