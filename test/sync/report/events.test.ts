import { test } from "uvu"
import * as assert from "uvu/assert"

import type { NodeReport } from "../../../src/contract/report/node-report.ts"
import { createStalenessEvents, eventsOfCluster, eventsOfNode } from "../../../src/sync/report/events.ts"
import { createFreshness } from "../../../src/sync/report/freshness.ts"
import { createFakeClock } from "../../support/clock.ts"
import { applied, as, inBoth, older, summaryOf, wrong } from "./reports.ts"

const notes = (found: readonly { reason: string; note: string }[]) =>
  found.map(({ reason, note }) => `${reason}: ${note}`)

test("eventsOfNode() names the instance of which its node became master, if there are several", () => {
  const texts = notes(eventsOfNode(inBoth("master", "backup"), inBoth("master", "master")))
  assert.equal(texts, ['BecameMaster: This node holds the VIPs of VRRP instance "lan" now: keepalived gives no reason'])
})

test("eventsOfNode() says at the Pod that its node became master, with the same text each time it flaps", () => {
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

test("eventsOfNode() says what is new, once", () => {
  assert.equal(notes(eventsOfNode(null, applied)), ["Applied: Version 105 of the ConfigMap is in effect: 2 VIPs"])
  assert.equal(eventsOfNode(applied, { ...applied, generation: "0" }), [])
  assert.equal(notes(eventsOfNode(applied, wrong)), ['EntryHeld: "a": broken'])
  assert.equal(eventsOfNode(wrong, wrong), [])
  assert.is(eventsOfNode(wrong, applied).length, 1)
  assert.is(eventsOfNode(older, applied).length, 1)
})

test("eventsOfCluster() says what is new, once, with the nodes", () => {
  const good = summaryOf({ n1: applied })
  const bad = summaryOf({ n1: wrong })
  assert.equal(notes(eventsOfCluster(null, good)), [
    "Applied: 1 of 1 nodes have version 105 of the ConfigMap in effect: 2 VIPs",
  ])
  assert.equal(eventsOfCluster(good, good), [])
  assert.equal(notes(eventsOfCluster(good, bad)), ['EntryHeld: "a": broken on n1'])
  assert.equal(eventsOfCluster(bad, summaryOf({ n1: wrong, n2: wrong })), [])
})

test("createStalenessEvents() speaks once: at once where it can, else when the API server is back", () => {
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
