import type { AgentSigns } from "../../../src/contract/signs.ts"
import type { NodeReport } from "../../../src/contract/report/node-report.ts"
import type { Status, StatusVip } from "../../../src/contract/status.ts"
import { nodeReportOf } from "../../../src/sync/report/node-report.ts"
import type { NodeView } from "../../../src/sync/report/node-troubles.ts"
import { STATUS } from "../../cli/support/volume.ts"
import { ALIVE } from "../../support/signs.ts"

const [written] = STATUS.vips
if (written === undefined) throw new Error("STATUS has a VIP")
export const vip: StatusVip = { ...written, realServers: 2, readyPods: 2 }
export const good: Status = { ...STATUS, time: "2026-01-01T00:00:00Z", vips: [vip] }

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
