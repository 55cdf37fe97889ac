import type { Cluster, ClusterNode } from "../../contract/report/cluster.ts"
import type { Age, Moment } from "../../contract/heartbeat.ts"
import type { Status } from "../../contract/status.ts"
import { type Member, priorityOf } from "../../core/model/vrrp-instance.ts"
import { compare } from "../../kit/problem.ts"
import type { PageNode, PageNodes } from "./data.ts"

export interface ClusterFacts {
  readonly status: Omit<Status, "time">
  /** Name of the generation in effect; null for none. */
  readonly generation: string | null
  /** The nodes of the election, in the order of their ranks; empty if unknown. */
  readonly members: readonly Member[]
  /** What sync left about the other nodes, or why it is unknown. */
  readonly reading:
    | { readonly kind: "cluster"; readonly cluster: Cluster; readonly moment: Moment }
    | { readonly kind: "unknown"; readonly why: string }
}

/** All nodes that this node knows: itself by its own status, and the others by their last reports. */
export function pageNodesOf(facts: ClusterFacts): PageNodes {
  const { status, members, reading } = facts
  const reported = new Map(reading.kind === "cluster" ? reading.cluster.nodes.map((node) => [node.name, node]) : [])
  const names = new Set([status.node, ...members.map(({ name }) => name), ...reported.keys()])
  const list = [...names].map((name) => nodeOf(name, reported.get(name) ?? null, facts))
  return {
    age: reading.kind === "cluster" ? ageOf(reading.cluster.read, reading) : reading,
    list: list.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0) || compare(a.name, b.name)),
  }
}

function nodeOf(name: string, known: ClusterNode | null, facts: ClusterFacts): PageNode {
  const { status, members, generation } = facts
  const rank = members.findIndex((member) => member.name === name)
  const base = {
    name,
    isSelf: name === status.node,
    address: members[rank]?.address ?? null,
    priority: rank === -1 ? null : priorityOf(rank, members.length),
    ready: known?.ready ?? null,
    answers: status.nodes?.unreachable.includes(name) === true ? false : null,
  }
  if (base.isSelf) {
    const vips = status.vips.filter(({ inEffect }) => inEffect).length
    const drained = status.drained ?? null
    const roles = status.vrrp.length === 0 ? null : status.vrrp
    return {
      ...base,
      heard: { kind: "age", seconds: 0 },
      roles,
      generation: hashOf(generation),
      vips,
      drained,
      troubles: [],
    }
  }
  const report = known?.report ?? null
  return {
    ...base,
    heard: heardOf(known, facts),
    roles: report?.roles ?? null,
    generation: report?.generation ?? null,
    vips: report?.vips ?? null,
    drained: report?.drained ?? null,
    troubles: report?.troubles ?? [],
  }
}

function heardOf(known: ClusterNode | null, { reading }: ClusterFacts): Age {
  if (reading.kind === "unknown") return reading
  if (known === null || known.report === null) return { kind: "unknown", why: "it has not reported" }
  const { renewed } = known.report
  const why = "it has not reported since sync started to look"
  return renewed === null ? { kind: "unknown", why } : ageOf(renewed, reading)
}

function ageOf(at: number, { cluster, moment }: { readonly cluster: Cluster; readonly moment: Moment }): Age {
  if (cluster.bootId !== moment.bootId) return { kind: "unknown", why: "it is from another boot of this machine" }
  return { kind: "age", seconds: Math.max(0, moment.uptime - at) }
}

/** The end of a generation's name is the start of its content's checksum. */
function hashOf(generation: string | null): string | null {
  return generation === null ? null : generation.slice(-12)
}
