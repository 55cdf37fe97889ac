import { test } from "uvu"
import * as assert from "uvu/assert"
import { service } from "../../core/fixture.ts"
import { agentOn, type FakeNode, fakeNode, generation, knownGood, passSeconds } from "../fake-node.ts"
import { A, AB, applied, count, publish, running, vips } from "../running-agent.ts"

test("watch() goes back to the last known good configuration when keepalived dies three times after a change (fault 36)", async () => {
  const { node, agent } = await running()
  // One of its real servers is gone by now: draining it would make another text of generation 2.
  node.good = knownGood(A, [service("a", { addresses: ["10.2.1.99"] })])
  await publish(node, agent, generation(2, AB))
  for (let death = 0; death < 3; death++) {
    assert.is(applied(agent), 2)
    node.pid = (node.pid ?? 0) + 1
    await passSeconds(node, agent, 2)
  }
  assert.equal(
    [agent.snapshot().inEffect?.sha256, node.live].map((sha) => sha === node.good?.record.sha256),
    [true, true],
  )
  assert.is(agent.snapshot().outcome?.kind, "rolled-back")
  const tests = count(node, "test")
  agent.request()
  await passSeconds(node, agent, 200)
  assert.is(count(node, "test"), tests)
  await passSeconds(node, agent, 200)
  assert.is(applied(agent), 2)
  await agent.stop()
})

test("watch() goes back to the last known good configuration when keepalived cannot be started three times (fault 36)", async () => {
  const { node, agent } = await running()
  node.good = knownGood(AB)
  Object.assign(node, { pid: null })
  node.failures.start = 3
  await passSeconds(node, agent, 20)
  assert.equal([agent.snapshot().outcome?.kind, vips(agent)], ["rolled-back", ["10.4.0.50", "10.4.0.51"]])
  await agent.stop()
})

test("watch() does not blame a configuration that has run for long", async () => {
  const { node, agent } = await running()
  node.good = knownGood(AB)
  await passSeconds(node, agent, 61)
  for (let death = 0; death < 4; death++) {
    node.pid = (node.pid ?? 0) + 1
    await passSeconds(node, agent, 1)
  }
  assert.is(applied(agent), 1)
  await agent.stop()
})

for (const [what, reading] of [
  ["there is no generation", { kind: "absent" }],
  ["the first generation is refused", generation(1, AB)],
] as const)
  test(`createAgent() starts the last known good configuration when ${what}, and tries that again`, async () => {
    const node = Object.assign(fakeNode(), {
      good: knownGood(A),
      failures: { start: 2, reload: 0, restart: 1, verify: 0 },
    })
    node.refuses = (text) => (text.includes("10.4.0.51") ? [] : null)
    const agent = agentOn(node)
    await publish(node, agent, reading)
    assert.is(agent.snapshot().inEffect, null)
    const starts = count(node, "start")
    agent.request()
    await node.clock.advance(1_000)
    assert.is(count(node, "start"), starts)
    await passSeconds(node, agent, 4)
    assert.equal(vips(agent), ["10.4.0.50"])
    assert.is(node.live, node.good?.record.sha256)
    await agent.stop()
  })

test("watch() starts the last known good configuration when an unknown keepalived dies", async () => {
  const node: FakeNode = { ...fakeNode(), good: knownGood(A), pid: 50 }
  const agent = agentOn(node)
  await publish(node, agent, { kind: "absent" })
  await passSeconds(node, agent, 2)
  assert.equal([agent.snapshot().inEffect, count(node, "start")], [null, 0])
  node.pid = null
  await passSeconds(node, agent, 2)
  assert.equal([vips(agent), count(node, "start")], [["10.4.0.50"], 1])
  await agent.stop()
})

test("createAgent() believes in the configuration that a failed first apply went back to", async () => {
  const node = Object.assign(fakeNode(), { good: knownGood(A) })
  node.failures.start = 1
  const agent = agentOn(node)
  await publish(node, agent, generation(1, AB))
  assert.equal([agent.snapshot().outcome?.kind, vips(agent)], ["rolled-back", ["10.4.0.50"]])
  await agent.stop()
})

test.run()
