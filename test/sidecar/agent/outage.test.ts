import { test } from "uvu"
import * as assert from "uvu/assert"

import { findingsFor } from "../../../src/contract/well.ts"
import type { Snapshot } from "../../../src/sidecar/agent/state.ts"
import { statusOf } from "../../../src/sidecar/report/status.ts"
import { vipsIn } from "../../core/fixture.ts"
import { slow } from "../../support/slow.ts"
import { agentOn, fakeNode, generation, knownGood, passSeconds } from "../fake-node.ts"

const ENTRIES = { "10.4.0.50": "default/a" }
const DAY_SECONDS = 86_400

/** What the probes say is not well. */
function notWell(snapshot: Snapshot) {
  const around = {
    node: "n1",
    interface: "eth0",
    pinned: null,
    drained: null,
    keepalivedVersion: "2.3.3",
    nodes: null,
    faults: [],
  }
  const signs = { status: statusOf(snapshot, around), agent: null, sync: null }
  return [...findingsFor("health", signs), ...findingsFor("ready", signs)]
}

test("nothing is published since this node started, on a fake node: the last known good configuration is served, and it is ready (fault 49)", async () => {
  const node = fakeNode()
  node.good = knownGood(ENTRIES)
  const agent = agentOn(node)
  agent.request()
  await passSeconds(node, agent, 3600)
  const snapshot = agent.snapshot()
  assert.equal(
    vipsIn(snapshot.inEffect?.model).map(({ address }) => address),
    ["10.4.0.50"],
  )
  assert.equal(notWell(snapshot), [])
  const steps = node.steps.filter((step) => step !== "compare")
  assert.is(steps.filter((step) => step === "start").length, 1, steps.join())
  assert.is(steps.filter((step) => step === "reload").length, 0, steps.join())
  // Then the API is back, and with it the same again: one reading, and no reload for it.
  node.reading = generation(1, ENTRIES)
  agent.request()
  await passSeconds(node, agent, 2)
  assert.is(agent.snapshot().inEffect?.generation?.sequence, 1)
  assert.is(node.steps.filter((step) => step === "reload").length, 0)
  await agent.stop()
})

test(
  "nothing new is published for a day, on a fake node: what runs goes on, healthy and ready at each moment, without a reload (fault 50)",
  slow(30_000, async () => {
    const node = fakeNode()
    const agent = agentOn(node)
    node.reading = generation(1, ENTRIES)
    agent.request()
    await passSeconds(node, agent, 20)
    const before = agent.snapshot().inEffect
    node.steps.length = 0
    for (let second = 0; second < DAY_SECONDS; second += 60) {
      await node.clock.advance(60_000)
      await agent.watch()
      agent.request()
      const snapshot = agent.snapshot()
      if (notWell(snapshot).length > 0 || snapshot.inEffect !== before)
        assert.unreachable(`after ${second} s: ${JSON.stringify(notWell(snapshot))}`)
    }
    assert.equal(
      node.steps.filter((step) => step !== "compare"),
      [],
    )
    await agent.stop()
  }),
)

test.run()
