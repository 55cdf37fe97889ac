import { test } from "uvu"
import * as assert from "uvu/assert"
import { findingsFor } from "../../../src/contract/well.ts"
import type { PageData, PageNode } from "../../../src/sidecar/page/data.ts"
import { headlineOf, type Verdict } from "../../../src/sidecar/page/view/headline.ts"
import { holdersOf } from "../../../src/sidecar/page/view/holders.ts"
import { STATUS, VRRP } from "../../cli/support/volume.ts"
import { node, pageData, SELF, vip } from "./fixture.ts"

const nodes = (...list: PageNode[]): Partial<PageData> => ({ nodes: { age: { kind: "age", seconds: 4 }, list } })
const own = (state: "master" | "backup" | "fault" | "unknown", since = VRRP.since) => {
  const vrrp = [{ ...VRRP, state, since }]
  return { self: { ...SELF, roles: vrrp }, status: { ...pageData().status, vrrp } }
}
const backup = own("backup")
const just = "2026-11-26T03:11:55.000Z"
const master = (name: string, since = VRRP.since) => node(name, { roles: [{ ...VRRP, since }] })
const alone: PageData["nodes"] = { age: { kind: "unknown", why: "sync reads a directory" }, list: [backup.self] }

const cases: readonly [what: string, data: Partial<PageData>, verdict: Verdict, text: string][] = [
  ["all is well", {}, "well", "3 VIPs answer. n1 has held them for 3 d 5 h."],
  [
    "another node is master",
    { status: backup.status, ...nodes(backup.self, master("n2"), node("n3")) },
    "well",
    "3 VIPs answer. n2 has held them for 3 d 5 h.",
  ],
  [
    "an entry is broken",
    { status: { ...STATUS, vips: [vip("10.4.0.50"), vip("10.4.0.51", { state: "left-out", inEffect: false })] } },
    "not-well",
    "1 VIP answers. n1 has held it for 3 d 5 h. 1 entry is broken.",
  ],
  [
    "a VIP has no pod",
    { status: { ...STATUS, vips: [vip("10.4.0.50"), vip("10.4.0.51", { state: "unserved", unserved: 1 })] } },
    "well",
    "1 VIP answers. n1 has held them for 3 d 5 h. 1 VIP has a port without a ready pod.",
  ],
  [
    "two nodes are master",
    nodes(SELF, master("n2")),
    "not-well",
    "n1 and n2 are master at once, so they do not hear each other.",
  ],
  [
    "two nodes are master, one of them for 5 s",
    nodes(SELF, master("n2", just)),
    "unknown",
    "n1 and n2 say that they are master: a handover, or they do not hear each other.",
  ],
  [
    "all nodes report, and none is master",
    { status: backup.status, ...nodes(backup.self, node("n2")) },
    "not-well",
    "No node is master, so 3 VIPs do not answer.",
  ],
  [
    "a node that does not report may be master",
    {
      status: backup.status,
      ...nodes(backup.self, node("n2", { heard: { kind: "unknown", why: "it has not reported" }, roles: null })),
    },
    "unknown",
    "Which node holds 3 VIPs is unknown: not all nodes report.",
  ],
  [
    "the master's report is old",
    { status: backup.status, ...nodes(backup.self, { ...master("n2"), heard: { kind: "age", seconds: 181 } }) },
    "unknown",
    "Which node holds 3 VIPs is unknown: the report of n2 is old.",
  ],
  [
    "the other nodes are unknown to a backup",
    { status: backup.status, nodes: alone },
    "unknown",
    "Which node holds 3 VIPs is unknown: sync reads a directory.",
  ],
  [
    "keepalived does not run on the master",
    { status: { ...pageData().status, keepalived: "stopped" } },
    "not-well",
    "3 VIPs may not answer. n1 has held them for 3 d 5 h. 1 other thing is not well on this node.",
  ],
  ["there are no VIPs", { status: { ...STATUS, vips: [] } }, "well", "No VIP is in effect."],
]
for (const [what, changes, verdict, text] of cases)
  test(`headlineOf() says what is so if ${what}`, () => {
    const data = pageData(changes)
    const { status, agent, sync } = data
    const found = headlineOf(data, holdersOf(data), findingsFor("status", { status, agent, sync }))
    assert.equal([found.verdict, found.text], [verdict, text])
  })

test("holdersOf() names the node that takes over next: the highest priority that reports, is backup and answers", () => {
  const next = (...list: PageNode[]) => holdersOf(pageData(nodes(...list)))[0]?.next?.name
  assert.is(next(SELF, node("n2"), node("n3")), "n2")
  assert.is(next(SELF, node("n2", { answers: false }), node("n3")), "n3")
  assert.is(next(SELF, node("n2", { heard: { kind: "age", seconds: 500 } }), node("n3")), "n3")
  assert.is(next(SELF, node("n2", { roles: [{ ...VRRP, state: "fault" }] }), node("n3")), "n3")
  assert.is(next(SELF), undefined)
})

test.run()
