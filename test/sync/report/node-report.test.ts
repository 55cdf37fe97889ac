import { test } from "uvu"
import * as assert from "uvu/assert"

import type { Status, StatusVip } from "../../../src/contract/status.ts"
import { HANDOVER, type StatusVrrp } from "../../../src/contract/vrrp.ts"
import { ALIVE } from "../../support/signs.ts"
import type { AgentSigns } from "../../../src/contract/signs.ts"
import {
  decodeNodeReport,
  encodeNodeReport,
  MOST_SERVED_TEXT,
  type NodeReport,
} from "../../../src/contract/report/node-report.ts"
import { nodeReportOf } from "../../../src/sync/report/node-report.ts"
import type { NodeView } from "../../../src/sync/report/node-troubles.ts"

const vip: StatusVip = {
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

const VRRP: StatusVrrp = {
  ...{ instance: "vips", interface: "eth0", state: "master" },
  ...{ since: "2026-11-22T22:00:00.000Z", reason: null, advertInterval: 1 },
}

const good: Status = {
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

/** A view in which the parts of what the sidecar says can be set one by one. */
type View = Partial<NodeView> & { readonly status?: Status | null; readonly agent?: AgentSigns }

const report = ({ status = good, agent = ALIVE, ...view }: View): NodeReport =>
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

const brief = ({ state, troubles }: NodeReport) => [state, ...troubles.map(({ reason }) => reason)].join(" ")

const cases: readonly [what: string, view: View, wanted: string][] = [
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
  ["keepalived is dead", { status: { ...good, keepalived: "stopped" } }, "wrong KeepalivedDown"],
  [
    "keepalived is dead, and an older ConfigMap was seen last",
    { status: { ...good, keepalived: "stopped", observedGeneration: 6 } },
    "wrong KeepalivedDown",
  ],
  ["its VRRP process is", { status: { ...good, keepalived: "without-vrrp" } }, "wrong KeepalivedDown"],
  ["nobody has looked for keepalived yet", { status: { ...good, keepalived: "unknown" } }, "pending"],
  ["nothing is known to be in effect", { status: { ...good, appliedSha256: null } }, "pending"],
  ["VRRP has just started", { status: { ...good, vrrp: [{ ...VRRP, state: "init" }] } }, "pending"],
  ["the kernel differs", { status: { ...good, drift: "found" } }, "wrong Drift"],
  ["the kernel was not compared yet", { status: { ...good, drift: "unknown" } }, "pending"],
  ["a fault stands", { status: { ...good, problems: [{ ...held, code: "RECORD_FAILED" }] } }, "wrong RecordFailed"],
  ["the agent is dead", { agent: { ...ALIVE, silence: { kind: "age", seconds: 16 } } }, "wrong AgentSilent"],
  [
    "the agent is dead, and what it said last is bad",
    { agent: { ...ALIVE, silence: { kind: "age", seconds: 16 } }, status: { ...good, outcome: "rejected" } },
    "wrong AgentSilent",
  ],
  ["its heartbeat says nothing", { agent: { ...ALIVE, silence: { kind: "unknown", why: "x" } } }, "wrong AgentUnknown"],
  ["the agent stands still", { agent: { ...ALIVE, lookAge: { kind: "age", seconds: 121 } } }, "wrong AgentStuck"],
  ["nothing is heard of the cluster", { sourceAge: { kind: "age", seconds: 151 } }, "wrong SourceStale"],
  ["the source was never read", { sourceAge: { kind: "unknown", why: "x" } }, "pending"],
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
        code: "MASS_REMOVAL",
        reason: "Cannot remove",
        problems: [{ ...held, code: "MASS_REMOVAL", message: "Cannot remove" }],
        vips: [{ ...vip, state: "held", problem: { code: "MASS_REMOVAL", message: "Cannot remove" } }],
      },
    },
    "wrong MassRemoval",
  ],
  [
    "a node that is not among the Nodes",
    {
      status: {
        ...good,
        outcome: "rejected",
        code: "NODE_UNKNOWN",
        reason: "no Node",
        problems: [{ ...held, code: "NODE_UNKNOWN", message: "no Node" }],
        vips: [{ ...vip, state: "held", problem: { code: "NODE_UNKNOWN", message: "no Node" } }],
      },
    },
    "wrong NodeUnknown",
  ],
  [
    "a broken entry beside a configuration that keepalived refuses",
    {
      status: {
        ...good,
        outcome: "rejected",
        code: "CONFIG_REJECTED",
        reason: "exit status 5",
        problems: [
          { ...held, code: "CONFIG_REJECTED", message: "exit status 5" },
          { ...held, code: "REFUSED_BY_KEEPALIVED", message: "line 3" },
        ],
        vips: [{ ...vip, state: "held", problem: { code: "BAD_TARGET", message: "a/b/c" } }],
      },
    },
    "wrong ConfigRejected BadTarget",
  ],
  [
    "VRRP is in FAULT",
    { status: { ...good, vrrp: [{ ...VRRP, state: "fault", reason: 'interface "eth0" is down' }] } },
    "wrong VRRPFault",
  ],
  [
    "in FAULT with an older ConfigMap",
    { status: { ...good, observedGeneration: 6, vrrp: [{ ...VRRP, state: "fault" }] } },
    "wrong VRRPFault",
  ],
  [
    "in FAULT by its own wish, as a pod that goes",
    { status: { ...good, vrrp: [{ ...VRRP, state: "fault", reason: `${HANDOVER}: "release" holds 1` }] } },
    "applied",
  ],
  [
    "of unknown role",
    { status: { ...good, vrrp: [{ ...VRRP, state: "unknown", reason: "keepalived is not running" }] } },
    "wrong VRRPUnknown",
  ],
  [
    "of unknown role before anything is in effect",
    { status: { ...good, outcome: "waiting", appliedGeneration: null, vrrp: [{ ...VRRP, state: "unknown" }] } },
    "pending",
  ],
  [
    "a drift that was repaired",
    { status: { ...good, drift: "repaired", problems: [{ ...held, code: "DRIFT" }] } },
    "applied",
  ],
  ["the input is held", { held: [held] }, "wrong ConfigMapMissing"],
  ["the volume is full (fault 243)", { held: [{ ...held, code: "VOLUME_FULL" }] }, "wrong VolumeFull"],
  ["there is no ConfigMap", { configMap: null, held: [held], status: null }, "wrong ConfigMapMissing"],
]

for (const [what, view, wanted] of cases) {
  test(`nodeReportOf(): ${what}`, () => assert.is(brief(report(view)), wanted))
}

test("nodeReportOf() has the roles, and decodeNodeReport() reads it", () => {
  const { roles } = report({})
  const { interface: _, ...role } = VRRP
  assert.equal(roles, [role])
  assert.equal(decodeNodeReport(encodeNodeReport(report({})))?.roles, roles)
  assert.is(report({ status: null }).roles, null)
  const hostile = { ...VRRP, reason: HOSTILE }
  assert.is(report({ status: { ...good, vrrp: [hostile] } }).roles?.[0]?.reason, SHOWN)
})

test("nodeReportOf() names entry, reason and consequence", () => {
  const [trouble] = report({
    status: {
      ...good,
      vips: [{ ...vip, state: "held", problem: { code: "SERVICE_NOT_FOUND", message: "no such Service" } }],
    },
  }).troubles
  assert.is(trouble?.note, '"10.4.0.50": no such Service (its last good form stays in effect)')
})

test("nodeReportOf() stays small, whatever stands in the ConfigMap", () => {
  const vips = Array.from({ length: 500 }, () => ({
    ...vip,
    state: "held" as const,
    problem: { code: "BAD_TARGET", message: "x".repeat(9000) },
  }))
  const long = report({ status: { ...good, vips } })
  assert.is(long.troubles.length, 5)
  assert.is(long.more, 495)
  const backup = report({ status: { ...good, vrrp: [{ ...VRRP, state: "backup" }], vips } })
  assert.is(backup.serves, null)
  assert.ok(encodeNodeReport(backup).length < 2000)
  assert.ok(encodeNodeReport(long).length < 2000 + MOST_SERVED_TEXT + 1000)
})

test("nodeReportOf() a master says what serves each VIP, as far as there is room", () => {
  const one = { ...vip, drainingPods: 1, unreachablePods: 3, problem: { code: "NO_ENDPOINTS", message: "x" } }
  const [served, ...others] = report({ status: { ...good, vips: [one] } }).serves ?? []
  assert.equal(others, [])
  assert.equal(served, {
    ...{ vip: "10.4.0.50", state: "applied", services: ["default/echo"], moreServices: 0 },
    ...{ virtualServers: 1, realServers: 2, readyPods: 2, drainingPods: 1, unreachablePods: 3, unserved: 0 },
    problem: "NO_ENDPOINTS",
  })
  const many = Array.from({ length: 1000 }, (_, at) => ({ ...vip, vip: `10.4.${at >> 8}.${at & 255}` }))
  const { serves, servesMore } = report({ status: { ...good, vips: many } })
  assert.is((serves?.length ?? 0) + servesMore, 1000)
  assert.ok((serves?.length ?? 0) > 200, String(serves?.length))
  const services = Array.from({ length: 9 }, (_, at) => `default/s${at}`)
  const [wide] = report({ status: { ...good, vips: [{ ...vip, services }] } }).serves ?? []
  assert.equal([wide?.services.length, wide?.moreServices], [4, 5])
})

test("nodeReportOf() a dead agent serves nothing that is known", () => {
  assert.is(report({ agent: { ...ALIVE, silence: { kind: "age", seconds: 16 } } }).serves, null)
})

test("decodeNodeReport() the report of an older release does not say what the node serves", () => {
  const { serves: _, servesMore: __, ...old } = JSON.parse(encodeNodeReport(report({})))
  assert.equal(
    [decodeNodeReport(JSON.stringify(old))?.serves, decodeNodeReport(JSON.stringify(old))?.servesMore],
    [null, 0],
  )
})

const HOSTILE = "\u001b[2J\u009b2J\r\u2028\u202e"
const SHOWN = String.raw`\u001b[2J\u009b2J\u000d\u2028\u202e`

test("nodeReportOf() and decodeNodeReport() let nothing hidden into Events and the VipReport", () => {
  const broken = { ...vip, entry: HOSTILE, state: "held" as const, problem: { code: "BAD_TARGET", message: HOSTILE } }
  const [own] = report({ status: { ...good, vips: [broken] } }).troubles
  // JSON's own escape where it has a short one.
  const entry = SHOWN.replace(String.raw`\u000d`, String.raw`\r`)
  assert.is(own?.note, `"${entry}": ${SHOWN} (its last good form stays in effect)`)
  // A Lease that another node's sync wrote, which may be anybody by now.
  const forged = {
    configMap: HOSTILE,
    state: "wrong",
    generation: "7",
    vips: 1,
    readyPods: 1,
    roles: null,
    more: 0,
    ...{ unserved: 1, unservedNames: [HOSTILE] },
  }
  const decoded = decodeNodeReport(JSON.stringify({ ...forged, troubles: [{ reason: "Held", note: HOSTILE }] }))
  assert.equal([decoded?.configMap, decoded?.troubles], [SHOWN, [{ reason: "Held", note: SHOWN }]])
  assert.equal(decoded?.unservedNames, [SHOWN])
  assert.is(decodeNodeReport(JSON.stringify({ ...forged, troubles: [{ reason: HOSTILE, note: "" }] })), null)
  assert.is(decodeNodeReport(JSON.stringify({ ...forged, generation: HOSTILE, troubles: [] })), null)
})

test("decodeNodeReport() gives what encodeNodeReport() was given, and null for anything else", () => {
  const one = report({ status: { ...good, vips: [{ ...vip, state: "held" }] } })
  assert.equal(decodeNodeReport(encodeNodeReport(one)), one)
  for (const text of ["", "{}", "null", "[]", '{"state":"fine"}']) assert.is(decodeNodeReport(text), null)
})

test("nodeReportOf() counts what is in effect, a held VIP as well, and not what is left out (fault 261)", () => {
  const vips = [
    vip,
    { ...vip, state: "held" as const },
    { ...vip, state: "pending" as const },
    { ...vip, state: "pending" as const, inEffect: false },
    { ...vip, state: "left-out" as const, inEffect: false },
    { ...vip, state: "unserved" as const, entry: "10.4.0.9", unserved: 1, readyPods: 0 },
  ]
  const one = report({ status: { ...good, vips } })
  assert.equal([one.vips, one.readyPods, one.unserved, one.unservedNames], [4, 6, 1, ["10.4.0.9"]])
})

test("nodeReportOf() is applied with a VIP that has no ready pod: that is told apart (fault 261)", () => {
  const one = report({ status: { ...good, vips: [{ ...vip, state: "unserved", unserved: 1, readyPods: 0 }] } })
  assert.equal([one.state, one.troubles, one.unserved], ["applied", [], 1])
})

test("nodeReportOf() says the same of a dead agent however long it is dead (fault 260)", () => {
  const after = (seconds: number) => report({ agent: { ...ALIVE, silence: { kind: "age", seconds } } })
  assert.equal(after(20), after(2000))
})

test.run()
