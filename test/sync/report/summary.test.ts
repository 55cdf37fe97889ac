import { test } from "uvu"
import * as assert from "uvu/assert"

import type { VrrpState } from "../../../src/contract/vrrp.ts"
import { createFreshness } from "../../../src/sync/report/freshness.ts"
import { oddInstances } from "../../../src/sync/report/masters.ts"
import type { NodeReport } from "../../../src/contract/report/node-report.ts"
import { createFakeClock } from "../../support/clock.ts"
import { createStalenessEvents, eventsOfCluster, eventsOfNode } from "../../../src/sync/report/events.ts"
import type { Summary } from "../../../src/contract/report/vip-report.ts"
import { rolesIn, summarise } from "../../../src/sync/report/summary.ts"

const applied: NodeReport = {
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
const older: NodeReport = { ...applied, configMap: "100" }
const wrong: NodeReport = { ...applied, state: "wrong", troubles: [{ reason: "EntryHeld", note: '"a": broken' }] }

type Reports = Readonly<Record<string, NodeReport>>

interface Setting {
  readonly dead?: readonly string[]
  readonly silent?: readonly string[]
  readonly configMap?: string | null
  readonly patient?: boolean
  readonly oddMastersMs?: number
}

function sum(reports: Reports, setting: Setting = {}): Summary {
  const { dead = [], silent = [], configMap = "105", patient = false, oddMastersMs = 0 } = setting
  const names = [...Object.keys(reports), ...silent]
  const odd = new Map(["vips", "lan"].map((name) => [name, oddMastersMs] as const))
  const nodes = new Map(names.map((name) => [name, { ready: !dead.includes(name) }] as const))
  return summarise({ configMap, nodes, reports: new Map(Object.entries(reports)), patient, oddMastersMs: odd })
}

const brief = ({ conditions }: Summary) =>
  conditions
    .filter(({ type }) => type !== "Serving")
    .map(({ type, status }) => `${type}=${status}`)
    .join(" ")
const READY = "Ready=True Reconciling=False Stalled=False"
const RECONCILING = "Ready=Unknown Reconciling=True Stalled=False"
const STALLED = "Ready=False Reconciling=False Stalled=True"

const cases: readonly [what: string, summary: Summary, conditions: string, message: RegExp][] = [
  ["all have it", sum({ n1: applied, n2: applied }), READY, /^2 of 2 nodes have version 105/],
  [
    "one is drained, which is well",
    sum({ n1: { ...applied, drained: { since: "2026-11-22T23:00:00.000Z", reason: "disk" } }, n2: applied }),
    READY,
    /^2 of 2 nodes have version 105 of the ConfigMap in effect; drained: n1$/,
  ],
  ["one is behind", sum({ n1: applied, n2: older }), RECONCILING, /^1 of 2 .*not yet: n2$/],
  ["one is on its way", sum({ n1: applied, n2: { ...applied, state: "pending" } }), RECONCILING, /not yet: n2$/],
  ["one is wrong", sum({ n1: applied, n2: wrong }), STALLED, /^"a": broken on n2$/],
  [
    "one was wrong about an older ConfigMap",
    sum({ n1: applied, n2: { ...wrong, configMap: "100" } }),
    RECONCILING,
    /not yet: n2$/,
  ],
  ["a dead node is behind", sum({ n1: applied, n2: older }, { dead: ["n2"] }), READY, /^1 of 1 nodes/],
  ["one is silent", sum({ n1: applied }, { silent: ["n2"] }), READY, /^1 of 1 nodes/],
  [
    "one is silent, at the start",
    sum({ n1: applied }, { silent: ["n2"], patient: true }),
    RECONCILING,
    /^1 of 2 .*not yet: n2$/,
  ],
  ["nobody reports", sum({}), RECONCILING, /^No node/],
  ["there is no ConfigMap", sum({ n1: { ...wrong, configMap: null } }, { configMap: null }), STALLED, /broken on n1/],
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
  const summary = sum({ n1: applied, n2: unserved })
  assert.is(serving(summary), "False NoReadyPod: No pod is ready for a port of 2 VIPs: 10.4.0.50, 10.4.0.51")
  assert.is(brief(summary), READY)
  assert.equal([summary.vips, summary.readyPods, summary.unserved], [2, 3, 2])
  assert.is(serving(sum({ n1: applied })), "True ReadyPods: Every port of every VIP has a ready pod")
  assert.is(serving(sum({ n1: { ...applied, vips: 0 } })), "Unknown NoVIP: No VIP is known to be in effect")
  assert.is(serving(sum({})), "Unknown NoVIP: No VIP is known to be in effect")
})

test("summarise() names three VIPs without a ready pod, and counts the others", () => {
  const unservedNames = ["a", "b", "c", "d", "e"]
  assert.match(serving(sum({ n1: { ...applied, unserved: 40, unservedNames } })), /: a, b, c and 37 more$/)
})

test("summarise() names each trouble once, the widest first, and stays small with 500 nodes", () => {
  const other: NodeReport = { ...wrong, troubles: [{ reason: "Rejected", note: "only here" }] }
  const nodes = Object.fromEntries(Array.from({ length: 499 }, (_, i) => [`node-${i}`, wrong] as const))
  const summary = sum({ ...nodes, "node-x": other })
  assert.equal(
    summary.troubles.map(({ reason, nodes: on }) => `${reason} on ${on}`),
    ["EntryHeld on node-0, node-1, node-10 and 496 more", "Rejected on node-x"],
  )
  assert.ok(JSON.stringify(summary).length < 10_000)
})

test("summarise() gives the same for the same reports in another order", () => {
  const one = sum({ n1: applied, n2: older, n3: wrong })
  assert.is(JSON.stringify(sum({ n3: wrong, n2: older, n1: applied })), JSON.stringify(one))
})

const as = (state: VrrpState, advertInterval = 1, since = "2026-11-22T23:00:00.000Z"): NodeReport => ({
  ...applied,
  roles: [{ instance: "vips", state, since, reason: null, advertInterval }],
})

const roles: readonly [what: string, summary: Summary, master: string, reason: string, message: RegExp][] = [
  ["one master", sum({ n1: as("backup"), n2: as("master") }, { oddMastersMs: 0 }), "n2", "Applied", /^2 of 2/],
  [
    "two masters, for as long as a takeover may take",
    sum({ n1: as("master"), n2: as("master") }, { oddMastersMs: 13_000 }),
    "n1 n2",
    "Applied",
    /^2 of 2/,
  ],
  [
    "two masters",
    sum({ n1: as("master"), n2: as("master") }, { oddMastersMs: 13_001 }),
    "n1 n2",
    "TwoMasters",
    /master at once.* on n1, n2$/,
  ],
  [
    "two masters that send seldom",
    sum({ n1: as("master", 10), n2: as("master", 10) }, { oddMastersMs: 40_000 }),
    "n1 n2",
    "Applied",
    /^2 of 2/,
  ],
  [
    "no master",
    sum({ n1: as("backup"), n2: as("fault") }, { oddMastersMs: 13_001 }),
    "",
    "NoMaster",
    /^No node that reports is VRRP master.* on all nodes$/,
  ],
  [
    "a master that is gone, which is none",
    sum({ n1: as("master"), n2: as("backup") }, { dead: ["n1"], oddMastersMs: 13_001 }),
    "",
    "NoMaster",
    /; n1 was master in its last report, and no longer reports/,
  ],
  [
    "a master that is gone beside one that lives",
    sum({ n1: as("master"), n2: as("master") }, { dead: ["n1"], oddMastersMs: 0 }),
    "n2",
    "Applied",
    /^1 of 1/,
  ],
  ["nodes that do not say it", sum({ n1: applied, n2: applied }, { oddMastersMs: 60_000 }), "", "Applied", /^2 of 2/],
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
const inBoth = (vips: VrrpState, lan: VrrpState): NodeReport => ({
  ...applied,
  roles: [...(as(vips).roles ?? []), ...(as(lan).roles ?? []).map((role) => ({ ...role, instance: "lan" }))],
})

test("summarise() has the masters of each instance, and says which of them has two or none", () => {
  const good = sum({ n1: inBoth("master", "backup"), n2: inBoth("backup", "master") })
  assert.equal(good.instances, [
    { name: "lan", masters: ["n2"] },
    { name: "vips", masters: ["n1"] },
  ])
  assert.equal([good.masters, good.master, good.troubles], [["n1", "n2"], "lan: n2, vips: n1", []])
  const bad = sum({ n1: inBoth("master", "backup"), n2: inBoth("master", "backup") }, { oddMastersMs: 60_000 })
  assert.is(bad.master, "lan: none, vips: n1 n2")
  assert.equal(
    bad.troubles.map(({ reason, note, nodes }) => [reason, note.slice(0, 55), nodes]),
    [
      ["NoMaster", 'No node that reports is VRRP master of VRRP instance "l', "all nodes"],
      ["TwoMasters", 'These nodes are VRRP master of VRRP instance "vips" at o', "n1, n2"],
    ].map(([reason = "", note = "", nodes = ""]) => [reason, note.slice(0, 55), nodes]),
  )
})

test("notesOfNode() names the instance of which its node became master, if there are several", () => {
  const texts = notes(eventsOfNode(inBoth("master", "backup"), inBoth("master", "master")))
  assert.equal(texts, ['BecameMaster: This node holds the VIPs of VRRP instance "lan" now: keepalived gives no reason'])
})

test("notesOfNode() says at the Pod that its node became master, with the same text each time it flaps", () => {
  const master = as("master")
  const texts = notes(eventsOfNode(as("backup"), master))
  assert.equal(texts, ["BecameMaster: This node holds the VIPs now: keepalived gives no reason"])
  assert.equal(eventsOfNode(master, master), [])
  assert.equal(
    notes(eventsOfNode(master, as("master", 1, "2026-11-22T23:00:09.000Z"))),
    texts,
    "away and back in a moment",
  )
  assert.equal(eventsOfNode(master, as("backup")), [])
  assert.is(eventsOfNode(null, master).length, 1, "what was so before this process looked is no news")
})

test("createFreshness() does not believe for ever what nobody renews", async () => {
  const clock = createFakeClock()
  const freshness = createFreshness(clock)
  const said = (renewal: string) => new Map([["n1", { report: as("master"), renewal }]])
  const isFresh = (renewal: string) => freshness.fresh(said(renewal)).has("n1")
  assert.is(isFresh("1"), true)
  await clock.advance(170_000)
  assert.is(isFresh("1"), true)
  assert.is(isFresh("2"), true)
  await clock.advance(179_000)
  assert.is(isFresh("2"), true)
  await clock.advance(1_000)
  assert.is(isFresh("2"), false)
  assert.is(isFresh("3"), true, "it is back")
})

const notes = (found: readonly { reason: string; note: string }[]) =>
  found.map(({ reason, note }) => `${reason}: ${note}`)

test("notesOfNode() says what is new, once", () => {
  assert.equal(notes(eventsOfNode(null, applied)), ["Applied: Version 105 of the ConfigMap is in effect: 2 VIPs"])
  assert.equal(eventsOfNode(applied, { ...applied, generation: "0" }), [])
  assert.equal(notes(eventsOfNode(applied, wrong)), ['EntryHeld: "a": broken'])
  assert.equal(eventsOfNode(wrong, wrong), [])
  assert.is(eventsOfNode(wrong, applied).length, 1)
  assert.is(eventsOfNode(older, applied).length, 1)
})

test("notesOfCluster() says what is new, once, with the nodes", () => {
  const good = sum({ n1: applied })
  const bad = sum({ n1: wrong })
  assert.equal(notes(eventsOfCluster(null, good)), [
    "Applied: 1 of 1 nodes have version 105 of the ConfigMap in effect: 2 VIPs",
  ])
  assert.equal(eventsOfCluster(good, good), [])
  assert.equal(notes(eventsOfCluster(good, bad)), ['EntryHeld: "a": broken on n1'])
  assert.equal(eventsOfCluster(bad, sum({ n1: wrong, n2: wrong })), [])
})

test("createStalenessNotes() speaks once: at once where it can, else when the API server is back", () => {
  const heard = createStalenessEvents()
  assert.equal(heard.of(90_000), [])
  const first = heard.of(160_000)
  assert.match(first[0]?.note ?? "", /does not answer/)
  heard.markReported(first)
  assert.equal(heard.of(300_000), [])
  assert.equal(heard.of(0), [])
  const silent = createStalenessEvents()
  silent.of(160_000)
  silent.of(400_000)
  const after = silent.of(0)
  assert.match(after[0]?.note ?? "", /for 400 s/)
  silent.markReported(after)
  assert.equal(silent.of(0), [])
  assert.equal(silent.of(0), [])
})

test("eventsOfNode() says once that a node is drained, and that it is not any more", () => {
  const drained: NodeReport = { ...applied, drained: { since: "2026-11-22T23:00:00.000Z", reason: "new memory" } }
  const notes = (before: NodeReport | null, after: NodeReport) =>
    eventsOfNode(before, after).map(({ reason, note }) => `${reason}: ${note}`)
  assert.match(
    notes(applied, drained)[0] ?? "",
    /^Drained: A user drained this node \(new memory\): it hands its VIPs over/,
  )
  assert.equal(notes(drained, drained), [])
  assert.equal(notes(drained, applied), ["DrainEnded: This node takes part again as before"])
  assert.is(
    notes(null, drained).some((note) => note.startsWith("Drain")),
    false,
    "from before the start",
  )
})

test.run()
