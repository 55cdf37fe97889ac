import type { Drained } from "../../contract/node/drain.ts"
import type { EntryState } from "../../contract/entry-state.ts"
import type { NodeReport, NodeRole, ServedVip } from "../../contract/report/node-report.ts"
import type { VrrpState } from "../../contract/vrrp.ts"
import type { Installation } from "../read/installations.ts"
import { type Heard, heardOf } from "./heard.ts"
import { reasonsOf } from "./reasons.ts"

/** What `kubectl kkv status --output json` prints; see docs/kubectl-kkv.md. */
export interface ClusterState {
  readonly healthy: boolean
  /** The time of the API server, ISO 8601; the ages are counted from it. */
  readonly time: string
  readonly installations: readonly InstallationState[]
}

export interface InstallationState {
  readonly namespace: string
  readonly name: string
  readonly healthy: boolean
  /** Why it is not; empty if it is. Unknown is never well. */
  readonly reasons: readonly string[]
  readonly vips: readonly VipState[]
  /** Number of VIPs that the report of their holder does not name, because it is full. */
  readonly moreVips: number
  readonly nodes: readonly NodeState[]
  readonly troubles: readonly { readonly reason: string; readonly note: string; readonly nodes: string }[]
}

export interface VipState extends Omit<ServedVip, "state"> {
  /** `unknown`: the node that serves it is silent. */
  readonly state: EntryState | "unknown"
  /** Names of the nodes that hold it; exactly one if all is well. */
  readonly holders: readonly string[]
  /** Since when the first of them holds it, ISO 8601; null if unknown. */
  readonly since: string | null
  /** Whether the holder has compared its kernel with what is in effect, without a difference; null if unknown. */
  readonly verified: boolean | null
}

export interface NodeState {
  readonly node: string
  /** The state of its VRRP instance; `silent`: it no longer reports. Of several instances: master, if it is one of them. */
  readonly role: VrrpState | "silent"
  readonly since: string | null
  /** Why it has this role; null if it gives no reason. */
  readonly reason: string | null
  /** Whether the newest ConfigMap is in effect there; null if unknown. */
  readonly state: NodeReport["state"] | null
  readonly generation: string | null
  /** Number of VIPs in effect there; null if unknown. */
  readonly vips: number | null
  /** When it last renewed its report, ISO 8601; null if it does not say. */
  readonly reported: string | null
  /** Since when a user keeps it from holding VIPs, and why; null if it takes part. */
  readonly drained: Drained | null
  readonly troubles: readonly { readonly reason: string; readonly note: string }[]
}

/** Pure: equal input gives equal output. */
export function stateOf(installations: readonly Installation[], now: Date): ClusterState {
  const states = installations.map((one) => installationState(one, now))
  return {
    healthy: states.length > 0 && states.every(({ healthy }) => healthy),
    time: now.toISOString(),
    installations: states,
  }
}

function installationState(installation: Installation, now: Date): InstallationState {
  const { namespace, name, nodes, summary } = installation
  const heard = nodes.kind === "read" ? nodes.value.map((lease) => heardOf(lease, now)) : []
  const reasons = reasonsOf(installation, heard, now)
  return {
    ...{ namespace, name, healthy: reasons.length === 0, reasons },
    vips: vipsOf(heard),
    moreVips: Math.max(0, ...heard.map(({ report }) => report?.servesMore ?? 0)),
    nodes: heard.map(nodeOf),
    troubles: (summary?.troubles ?? []).map(({ reason, note, nodes: where }) => ({ reason, note, nodes: where })),
  }
}

function nodeOf({ node, report, renewTime, isFresh }: Heard): NodeState {
  const said = isFresh ? report : null
  const role = roleIn(said?.roles ?? [])
  return {
    node,
    role: isFresh ? (role?.state ?? "unknown") : "silent",
    since: role?.since ?? null,
    reason: role?.reason ?? null,
    state: said?.state ?? null,
    generation: said?.generation ?? null,
    vips: said?.vips ?? null,
    reported: renewTime,
    drained: report?.drained ?? null,
    troubles: (said?.troubles ?? []).map(({ reason, note }) => ({ reason, note })),
  }
}

function roleIn(roles: readonly NodeRole[]): NodeRole | undefined {
  return roles.find(({ state }) => state === "master") ?? roles.find(({ state }) => state !== "backup") ?? roles[0]
}

/** The VIPs in the order of the first report that names them; what only silent nodes name is unknown. */
function vipsOf(heard: readonly Heard[]): readonly VipState[] {
  const found = new Map<string, VipState>()
  const byFreshness = [...heard.filter(({ isFresh }) => isFresh), ...heard.filter(({ isFresh }) => !isFresh)]
  for (const one of byFreshness) {
    for (const served of one.report?.serves ?? []) {
      const known = found.get(served.vip)
      if (known === undefined) found.set(served.vip, servedBy(one, served))
      else if (one.isFresh) found.set(served.vip, { ...known, holders: [...known.holders, one.node] })
    }
  }
  return [...found.values()]
}

function servedBy({ node, report, isFresh }: Heard, served: ServedVip): VipState {
  if (!isFresh) return { ...served, state: "unknown", holders: [], since: null, verified: null }
  const master = report?.roles?.find(({ state }) => state === "master")
  return { ...served, holders: [node], since: master?.since ?? null, verified: report?.state === "applied" }
}
