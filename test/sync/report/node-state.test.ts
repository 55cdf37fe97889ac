import { test } from "uvu"
import * as assert from "uvu/assert"
import { HANDOVER } from "../../../src/contract/vrrp.ts"
import type { NodeReport } from "../../../src/contract/report/node-report.ts"
import { ALIVE } from "../../support/signs.ts"
import { good, held, origins, report, type View, vip } from "./node-view.ts"
import { VRRP } from "../../cli/support/volume.ts"

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

test.run()
