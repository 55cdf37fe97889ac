import { test } from "uvu"
import * as assert from "uvu/assert"

import type { Status, StatusVip } from "../../../src/contract/status.ts"
import { HANDOVER } from "../../../src/contract/vrrp.ts"
import {
  decodeNodeReport,
  encodeNodeReport,
  type NodeReport,
  nodeReportOf,
  type NodeView,
} from "../../../src/sync/report/node-report.ts"

const vip: StatusVip = {
  vip: "10.4.0.50",
  entry: "10.4.0.50",
  state: "applied",
  services: ["default/echo"],
  virtualServers: 1,
  realServers: 2,
  reason: null,
}

const good: Status = {
  time: "2026-01-01T00:00:00Z",
  outcome: "applied",
  reason: null,
  observedGeneration: 7,
  appliedGeneration: 7,
  appliedSha256: null,
  pinned: null,
  node: "n1",
  interface: "eth0",
  vrrp: { state: "master", since: "2026-11-22T22:00:00.000Z", reason: null, advertInterval: 1 },
  keepalivedVersion: "2.3.3",
  nodes: null,
  vips: [vip],
  problems: [],
}

const held = {
  code: "CONFIGMAP_MISSING",
  severity: "error",
  path: ["ConfigMap a/b"],
  place: null,
  message: "gone",
} as const

const origins = new Map([
  [6, { configMap: "100", contentSha256: "6".repeat(64) }],
  [7, { configMap: "105", contentSha256: "7".repeat(64) }],
])

const report = (view: Partial<NodeView>): NodeReport =>
  nodeReportOf({ configMap: "105", held: [], status: good, origins, ...view })

const brief = ({ state, troubles }: NodeReport) => [state, ...troubles.map(({ reason }) => reason)].join(" ")

const cases: readonly [what: string, view: Partial<NodeView>, wanted: string][] = [
  ["all in effect", {}, "applied"],
  ["the same keepalived.conf as before", { status: { ...good, outcome: "unchanged" } }, "applied"],
  ["nothing said yet", { status: null }, "pending"],
  ["being applied", { status: { ...good, outcome: "waiting" } }, "pending"],
  ["an older ConfigMap", { status: { ...good, observedGeneration: 6 } }, "pending"],
  ["a generation that nobody knows", { status: { ...good, observedGeneration: 3 } }, "pending"],
  [
    "endpoints changed since",
    { origins: new Map([...origins, [8, { configMap: "105", contentSha256: "8".repeat(64) }]]) },
    "applied",
  ],
  ["an entry is held", { status: { ...good, vips: [{ ...vip, state: "held" }] } }, "wrong EntryHeld"],
  [
    "two are broken",
    {
      status: {
        ...good,
        vips: [
          { ...vip, state: "left-out" },
          { ...vip, state: "partial" },
        ],
      },
    },
    "wrong EntryLeftOut EntryPartial",
  ],
  [
    "an entry of an older ConfigMap was broken",
    { status: { ...good, observedGeneration: 6, vips: [{ ...vip, state: "held" }] } },
    "pending",
  ],
  ["refused", { status: { ...good, outcome: "rejected", reason: "line 3" } }, "wrong Rejected"],
  ["rolled back", { status: { ...good, outcome: "rolled-back" } }, "wrong RolledBack"],
  ["stranded", { status: { ...good, outcome: "stranded" } }, "wrong Stranded"],
  ["pinned", { status: { ...good, pinned: "00000000000000000006-666666666666" } }, "wrong Pinned"],
  [
    "kube-proxy deletes what is in effect",
    { status: { ...good, problems: [{ ...held, code: "KUBE_PROXY_IPVS", message: "Set ipvs.excludeCIDRs" }] } },
    "wrong KubeProxyIPVS",
  ],
  [
    "something else does",
    { status: { ...good, problems: [{ ...held, code: "FOREIGN_CHANGES", message: "look" }] } },
    "wrong ForeignChanges",
  ],
  [
    "a change that a guard holds",
    {
      status: {
        ...good,
        outcome: "rejected",
        reason: "Cannot take away",
        problems: [{ ...held, code: "MASS_REMOVAL" }],
        vips: [{ ...vip, state: "held" }],
      },
    },
    "wrong GuardHeld",
  ],
  ["a drift that is being repaired", { status: { ...good, problems: [{ ...held, code: "DRIFT" }] } }, "applied"],
  [
    "VRRP is in FAULT",
    { status: { ...good, vrrp: { ...good.vrrp, state: "fault", reason: 'interface "eth0" is down' } } },
    "wrong VRRPFault",
  ],
  [
    "in FAULT with an older ConfigMap",
    { status: { ...good, observedGeneration: 6, vrrp: { ...good.vrrp, state: "fault" } } },
    "wrong VRRPFault",
  ],
  [
    "in FAULT by its own wish, as a pod that goes",
    { status: { ...good, vrrp: { ...good.vrrp, state: "fault", reason: `${HANDOVER}: "release" holds 1` } } },
    "applied",
  ],
  [
    "of unknown role",
    { status: { ...good, vrrp: { ...good.vrrp, state: "unknown", reason: "keepalived is not running" } } },
    "wrong VRRPUnknown",
  ],
  [
    "of unknown role before anything is in effect",
    { status: { ...good, outcome: "waiting", appliedGeneration: null, vrrp: { ...good.vrrp, state: "unknown" } } },
    "pending",
  ],
  ["the input is held", { held: [held] }, "wrong InputHeld"],
  ["the volume is full (fault 243)", { held: [{ ...held, code: "VOLUME_FULL" }] }, "wrong PublishFailed"],
  ["there is no ConfigMap", { configMap: null, held: [held], status: null }, "wrong InputHeld"],
]

for (const [what, view, wanted] of cases) {
  test(`nodeReportOf(): ${what}`, () => assert.is(brief(report(view)), wanted))
}

test("nodeReportOf() has the role, and decodeNodeReport() reads it", () => {
  const { role } = report({})
  assert.equal(role, good.vrrp)
  assert.equal(decodeNodeReport(encodeNodeReport(report({})))?.role, role)
  assert.is(report({ status: null }).role, null)
  const hostile = { ...good.vrrp, reason: HOSTILE }
  assert.is(report({ status: { ...good, vrrp: hostile } }).role?.reason, SHOWN)
})

test("nodeReportOf() names entry, reason and consequence", () => {
  const [trouble] = report({
    status: { ...good, vips: [{ ...vip, state: "held", reason: "no such Service" }] },
  }).troubles
  assert.is(trouble?.note, '"10.4.0.50": no such Service (its last good form stays in effect)')
})

test("nodeReportOf() stays small, whatever stands in the ConfigMap", () => {
  const vips = Array.from({ length: 500 }, () => ({ ...vip, state: "held" as const, reason: "x".repeat(9000) }))
  const long = report({ status: { ...good, vips } })
  assert.is(long.troubles.length, 5)
  assert.is(long.more, 495)
  assert.ok(encodeNodeReport(long).length < 2000)
})

const HOSTILE = "\u001b[2J\u009b2J\r\u2028\u202e"
const SHOWN = String.raw`\u001b[2J\u009b2J\u000d\u2028\u202e`

test("nodeReportOf() and decodeNodeReport() let nothing hidden into Events and the VipReport", () => {
  const broken = { ...vip, entry: HOSTILE, state: "held" as const, reason: HOSTILE }
  const [own] = report({ status: { ...good, vips: [broken] } }).troubles
  // JSON's own escape where it has a short one.
  const entry = SHOWN.replace(String.raw`\u000d`, String.raw`\r`)
  assert.is(own?.note, `"${entry}": ${SHOWN} (its last good form stays in effect)`)
  // A Lease that another node's sync wrote, which may be anybody by now.
  const forged = { configMap: HOSTILE, state: "wrong", generation: "7", vips: 1, role: null, more: 0 }
  const decoded = decodeNodeReport(JSON.stringify({ ...forged, troubles: [{ reason: "Held", note: HOSTILE }] }))
  assert.equal([decoded?.configMap, decoded?.troubles], [SHOWN, [{ reason: "Held", note: SHOWN }]])
  assert.is(decodeNodeReport(JSON.stringify({ ...forged, troubles: [{ reason: HOSTILE, note: "" }] })), null)
  assert.is(decodeNodeReport(JSON.stringify({ ...forged, generation: HOSTILE, troubles: [] })), null)
})

test("decodeNodeReport() gives what encodeNodeReport() was given, and null for anything else", () => {
  const one = report({ status: { ...good, vips: [{ ...vip, state: "held" }] } })
  assert.equal(decodeNodeReport(encodeNodeReport(one)), one)
  for (const text of ["", "{}", "null", "[]", '{"state":"fine"}']) assert.is(decodeNodeReport(text), null)
})

test.run()
