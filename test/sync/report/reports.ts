import type { NodeReport } from "../../../src/contract/report/node-report.ts"
import type { Summary } from "../../../src/contract/report/vip-report.ts"
import type { VrrpState } from "../../../src/contract/vrrp.ts"
import { summarise } from "../../../src/sync/report/summary.ts"

/** A node on which version 105 of the ConfigMap is in effect. */
export const applied: NodeReport = {
  configMap: "105",
  state: "applied",
  generation: "abcdefabcdef",
  vips: 2,
  roles: null,
  serves: null,
  servesMore: 0,
  readyPods: 2,
  unserved: 0,
  unservedNames: [],
  troubles: [],
  more: 0,
}
export const older: NodeReport = { ...applied, configMap: "100" }
export const wrong: NodeReport = {
  ...applied,
  state: "wrong",
  troubles: [{ reason: "EntryHeld", note: '"a": broken' }],
}

/** The same node with a role. */
export const as = (state: VrrpState, advertInterval = 1, since = "2026-11-22T23:00:00.000Z"): NodeReport => ({
  ...applied,
  roles: [{ instance: "vips", state, since, reason: null, advertInterval }],
})

/** The same node in two VRRP instances. */
export const inBoth = (vips: VrrpState, lan: VrrpState): NodeReport => ({
  ...applied,
  roles: [...(as(vips).roles ?? []), ...(as(lan).roles ?? []).map((role) => ({ ...role, instance: "lan" }))],
})

export type Reports = Readonly<Record<string, NodeReport>>

interface Setting {
  readonly dead?: readonly string[]
  readonly silent?: readonly string[]
  readonly configMap?: string | null
  readonly patient?: boolean
  readonly oddMastersMs?: number
}

/** What sync says of these reports; of the ConfigMap, version 105 is the newest. */
export function summaryOf(reports: Reports, setting: Setting = {}): Summary {
  const { dead = [], silent = [], configMap = "105", patient = false, oddMastersMs = 0 } = setting
  const names = [...Object.keys(reports), ...silent]
  const odd = new Map(["vips", "lan"].map((name) => [name, oddMastersMs] as const))
  const nodes = new Map(names.map((name) => [name, { ready: !dead.includes(name) }] as const))
  return summarise({ configMap, nodes, reports: new Map(Object.entries(reports)), patient, oddMastersMs: odd })
}
