import type { AgentSigns } from "../../../src/contract/signs.ts"
import type { NodeReport } from "../../../src/contract/report/node-report.ts"
import type { Status, StatusVip } from "../../../src/contract/status.ts"
import type { StatusVrrp } from "../../../src/contract/vrrp.ts"
import { nodeReportOf } from "../../../src/sync/report/node-report.ts"
import type { NodeView } from "../../../src/sync/report/node-troubles.ts"
import { ALIVE } from "../../support/signs.ts"

export const vip: StatusVip = {
  vip: "10.4.0.50",
  object: "ConfigMap default/vips",
  entry: "10.4.0.50",
  state: "applied",
  services: ["default/echo"],
  virtualServers: 1,
  realServers: 2,
  readyPods: 2,
  drainingPods: 0,
  unreachablePods: 0,
  unserved: 0,
  inEffect: true,
  problem: null,
}

export const VRRP: StatusVrrp = {
  ...{ instance: "vips", interface: "eth0", state: "master" },
  ...{ since: "2026-11-22T22:00:00.000Z", reason: null, advertInterval: 1 },
}

export const good: Status = {
  time: "2026-01-01T00:00:00Z",
  outcome: "applied",
  code: null,
  reason: null,
  observedGeneration: 7,
  appliedGeneration: 7,
  appliedSha256: "a".repeat(64),
  pinned: null,
  node: "n1",
  vrrp: [VRRP],
  keepalived: "running",
  drift: "none",
  keepalivedVersion: "2.3.3",
  nodes: null,
  vips: [vip],
  problems: [],
}

export const held = {
  code: "CONFIGMAP_MISSING",
  severity: "error",
  path: ["ConfigMap a/b"],
  place: null,
  message: "gone",
} as const

export const origins = new Map([
  [6, { configMap: "100", contentSha256: "6".repeat(64) }],
  [7, { configMap: "105", contentSha256: "7".repeat(64) }],
])

/** A view in which the parts of what the sidecar says can be set one by one. */
export type View = Partial<NodeView> & { readonly status?: Status | null; readonly agent?: AgentSigns }

export const report = ({ status = good, agent = ALIVE, ...view }: View): NodeReport =>
  nodeReportOf({
    ...{
      configMap: "105",
      firstConfigMap: "ConfigMap default/vips",
      held: [],
      origins,
      sourceAge: { kind: "age", seconds: 1 },
    },
    said: status === null ? null : { status, agent },
    ...view,
  })
