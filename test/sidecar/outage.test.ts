import { test } from "uvu"
import * as assert from "uvu/assert"

import { healthOf, readinessOf } from "../../src/sidecar/health.ts"
import { slow } from "../support/slow.ts"
import { agentOn, fakeNode, generation, knownGood, passSeconds } from "./fake-node.ts"

const ENTRIES = { "10.4.0.50": "default/a" }
const DAY_SECONDS = 86_400

test("nothing is published since this node started, on a fake node: the last known good configuration is served, and it is ready (fault 49)", async () => {
  const node = fakeNode()
  node.good = knownGood(ENTRIES)
  const agent = agentOn(node)
  agent.request()
  await passSeconds(node, agent, 3600)
  const snapshot = agent.snapshot()
  assert.equal(
    snapshot.inEffect?.model.vips.map(({ address }) => address),
    ["10.4.0.50"],
  )
  assert.equal([healthOf(snapshot), readinessOf(snapshot)], [null, null])
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
      if (healthOf(snapshot) !== null || readinessOf(snapshot) !== null || snapshot.inEffect !== before)
        assert.unreachable(`after ${second} s: ${healthOf(snapshot)}, ${readinessOf(snapshot)}`)
    }
    assert.equal(
      node.steps.filter((step) => step !== "compare"),
      [],
    )
    await agent.stop()
  }),
)

test.run()
