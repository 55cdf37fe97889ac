import { test } from "uvu"
import * as assert from "uvu/assert"

import { oddInstances } from "../../../src/sync/report/masters.ts"
import type { NodeReport } from "../../../src/contract/report/node-report.ts"
import type { Summary } from "../../../src/contract/report/vip-report.ts"
import { rolesIn } from "../../../src/sync/report/summary.ts"
import { applied, as, inBoth, older, type Reports, summaryOf, wrong } from "./reports.ts"

const brief = ({ conditions }: Summary) =>
  conditions
    .filter(({ type }) => type !== "Serving")
    .map(({ type, status }) => `${type}=${status}`)
    .join(" ")
const READY = "Ready=True Reconciling=False Stalled=False"
const RECONCILING = "Ready=Unknown Reconciling=True Stalled=False"
const STALLED = "Ready=False Reconciling=False Stalled=True"

const cases: readonly [what: string, summary: Summary, conditions: string, message: RegExp][] = [
  ["all have it", summaryOf({ n1: applied, n2: applied }), READY, /^2 of 2 nodes have version 105/],
  [
    "one is drained, which is well",
    summaryOf({ n1: { ...applied, drained: { since: "2026-11-22T23:00:00.000Z", reason: "disk" } }, n2: applied }),
    READY,
    /^2 of 2 nodes have version 105 of the ConfigMap in effect; drained: n1$/,
  ],
  ["one is behind", summaryOf({ n1: applied, n2: older }), RECONCILING, /^1 of 2 .*not yet: n2$/],
  ["one is on its way", summaryOf({ n1: applied, n2: { ...applied, state: "pending" } }), RECONCILING, /not yet: n2$/],
  ["one is wrong", summaryOf({ n1: applied, n2: wrong }), STALLED, /^"a": broken on n2$/],
  [
    "one was wrong about an older ConfigMap",
    summaryOf({ n1: applied, n2: { ...wrong, configMap: "100" } }),
    RECONCILING,
    /not yet: n2$/,
  ],
  ["a dead node is behind", summaryOf({ n1: applied, n2: older }, { dead: ["n2"] }), READY, /^1 of 1 nodes/],
  ["one is silent", summaryOf({ n1: applied }, { silent: ["n2"] }), READY, /^1 of 1 nodes/],
  [
    "one is silent, at the start",
    summaryOf({ n1: applied }, { silent: ["n2"], patient: true }),
    RECONCILING,
    /^1 of 2 .*not yet: n2$/,
  ],
  ["nobody reports", summaryOf({}), RECONCILING, /^No node/],
  [
    "there is no ConfigMap",
    summaryOf({ n1: { ...wrong, configMap: null } }, { configMap: null }),
    STALLED,
    /broken on n1/,
  ],
]

for (const [what, summary, conditions, message] of cases) {
  test(`summarise(): ${what}`, () => {
    assert.is(brief(summary), conditions)
    assert.match(summary.conditions[0]?.message ?? "", message)
  })
}

const serving = (summary: Summary) => {
  const found = summary.conditions.find(({ type }) => type === "Serving")
  return `${found?.status} ${found?.reason}: ${found?.message}`
}

test("summarise() says in a condition of its own that a VIP has a port without a ready pod (fault 261)", () => {
  const unserved = { ...applied, readyPods: 3, unserved: 2, unservedNames: ["10.4.0.50", "10.4.0.51"] }
  const summary = summaryOf({ n1: applied, n2: unserved })
  assert.is(serving(summary), "False NoReadyPod: No pod is ready for a port of 2 VIPs: 10.4.0.50, 10.4.0.51")
  assert.is(brief(summary), READY)
  assert.equal([summary.vips, summary.readyPods, summary.unserved], [2, 3, 2])
  assert.is(serving(summaryOf({ n1: applied })), "True ReadyPods: Every port of every VIP has a ready pod")
  assert.is(serving(summaryOf({ n1: { ...applied, vips: 0 } })), "Unknown NoVIP: No VIP is known to be in effect")
  assert.is(serving(summaryOf({})), "Unknown NoVIP: No VIP is known to be in effect")
})

test("summarise() names three VIPs without a ready pod, and counts the others", () => {
  const unservedNames = ["a", "b", "c", "d", "e"]
  assert.match(serving(summaryOf({ n1: { ...applied, unserved: 40, unservedNames } })), /: a, b, c and 37 more$/)
})

test("summarise() names each trouble once, the widest first, and stays small with 500 nodes", () => {
  const other: NodeReport = { ...wrong, troubles: [{ reason: "Rejected", note: "only here" }] }
  const nodes = Object.fromEntries(Array.from({ length: 499 }, (_, i) => [`node-${i}`, wrong] as const))
  const summary = summaryOf({ ...nodes, "node-x": other })
  assert.equal(
    summary.troubles.map(({ reason, nodes: on }) => `${reason} on ${on}`),
    ["EntryHeld on node-0, node-1, node-10 and 496 more", "Rejected on node-x"],
  )
  assert.ok(JSON.stringify(summary).length < 10_000)
})

test("summarise() gives the same for the same reports in another order", () => {
  const one = summaryOf({ n1: applied, n2: older, n3: wrong })
  assert.is(JSON.stringify(summaryOf({ n3: wrong, n2: older, n1: applied })), JSON.stringify(one))
})

const roles: readonly [what: string, summary: Summary, master: string, reason: string, message: RegExp][] = [
  ["one master", summaryOf({ n1: as("backup"), n2: as("master") }, { oddMastersMs: 0 }), "n2", "Applied", /^2 of 2/],
  [
    "two masters, for as long as a takeover may take",
    summaryOf({ n1: as("master"), n2: as("master") }, { oddMastersMs: 13_000 }),
    "n1 n2",
    "Applied",
    /^2 of 2/,
  ],
  [
    "two masters",
    summaryOf({ n1: as("master"), n2: as("master") }, { oddMastersMs: 13_001 }),
    "n1 n2",
    "TwoMasters",
    /master at once.* on n1, n2$/,
  ],
  [
    "two masters that send seldom",
    summaryOf({ n1: as("master", 10), n2: as("master", 10) }, { oddMastersMs: 40_000 }),
    "n1 n2",
    "Applied",
    /^2 of 2/,
  ],
  [
    "no master",
    summaryOf({ n1: as("backup"), n2: as("fault") }, { oddMastersMs: 13_001 }),
    "",
    "NoMaster",
    /^No node that reports is VRRP master.* on all nodes$/,
  ],
  [
    "a master that is gone, which is none",
    summaryOf({ n1: as("master"), n2: as("backup") }, { dead: ["n1"], oddMastersMs: 13_001 }),
    "",
    "NoMaster",
    /; n1 was master in its last report, and no longer reports/,
  ],
  [
    "a master that is gone beside one that lives",
    summaryOf({ n1: as("master"), n2: as("master") }, { dead: ["n1"], oddMastersMs: 0 }),
    "n2",
    "Applied",
    /^1 of 1/,
  ],
  [
    "nodes that do not say it",
    summaryOf({ n1: applied, n2: applied }, { oddMastersMs: 60_000 }),
    "",
    "Applied",
    /^2 of 2/,
  ],
]
for (const [what, summary, master, reason, message] of roles)
  test(`summarise(): ${what} (fault 256)`, () => {
    assert.is(summary.master, master)
    assert.equal(summary.masters, master.split(" ").filter(Boolean))
    assert.is(summary.conditions[0]?.reason, reason)
    assert.match(summary.conditions[0]?.message ?? "", message)
  })

test("oddInstances() names an instance of two masters and for none, where a living node says its role", () => {
  const odd = (reports: Reports, dead: readonly string[] = []) => {
    const nodes = new Map(Object.keys(reports).map((name) => [name, { ready: !dead.includes(name) }] as const))
    return oddInstances(rolesIn({ nodes, reports: new Map(Object.entries(reports)) }).masters).length > 0
  }
  assert.is(odd({ n1: as("master"), n2: as("backup") }), false)
  assert.is(odd({ n1: as("master"), n2: as("master") }), true)
  assert.is(odd({ n1: as("unknown"), n2: as("backup") }), true)
  assert.is(odd({ n1: as("master"), n2: as("backup") }, ["n1"]), true)
  assert.is(odd({ n1: applied }), false)
  assert.is(odd({}), false)
})

/** The report of a node that has these states in two instances. */

test("summarise() has the masters of each instance, and says which of them has two or none", () => {
  const good = summaryOf({ n1: inBoth("master", "backup"), n2: inBoth("backup", "master") })
  assert.equal(good.instances, [
    { name: "lan", masters: ["n2"] },
    { name: "vips", masters: ["n1"] },
  ])
  assert.equal([good.masters, good.master, good.troubles], [["n1", "n2"], "lan: n2, vips: n1", []])
  const bad = summaryOf({ n1: inBoth("master", "backup"), n2: inBoth("master", "backup") }, { oddMastersMs: 60_000 })
  assert.is(bad.master, "lan: none, vips: n1 n2")
  assert.equal(
    bad.troubles.map(({ reason, note, nodes }) => [reason, note.slice(0, 55), nodes]),
    [
      ["NoMaster", 'No node that reports is VRRP master of VRRP instance "l', "all nodes"],
      ["TwoMasters", 'These nodes are VRRP master of VRRP instance "vips" at o', "n1, n2"],
    ].map(([reason = "", note = "", nodes = ""]) => [reason, note.slice(0, 55), nodes]),
  )
})

test.run()
