import { test } from "uvu"
import * as assert from "uvu/assert"
import { generation, passSeconds } from "../fake-node.ts"
import { A, AB, applied, count, publish, running } from "../running-agent.ts"

for (const [kind, failures] of [
  ["rolled-back", { reload: 1 }],
  ["stranded", { reload: 2, restart: 1 }],
] as const)
  test(`createAgent() tries what ended ${kind} again, ever more slowly (fault 39)`, async () => {
    const { node, agent } = await running()
    Object.assign(node.failures, failures)
    await publish(node, agent, generation(2, AB))
    assert.equal([count(node, `=${kind}`), count(node, "test")], [1, 1])
    Object.assign(node.failures, failures)
    await node.clock.advance(1_500)
    assert.is(count(node, "test"), 1)
    await node.clock.advance(1_000)
    assert.equal([count(node, `=${kind}`), count(node, "test")], [2, 2])
    // With the jitter: the first after 1.6 to 2.4 s, the second 3.2 to 4.8 s later.
    await node.clock.advance(2_250)
    assert.is(count(node, "test"), 2)
    await node.clock.advance(3_000)
    assert.equal([applied(agent), count(node, "test")], [2, 3])
    await agent.stop()
  })

test("createAgent() tries a new generation at once while an older one waits for its repetition", async () => {
  const { node, agent } = await running()
  node.failures.reload = 1
  await publish(node, agent, generation(2, AB))
  await publish(node, agent, generation(3, { "10.4.0.52": "default/b" }))
  await node.clock.advance(500)
  assert.is(applied(agent), 3)
  await agent.stop()
})

test("createAgent() applies what ran before again when nothing could be shown to run since", async () => {
  const { node, agent } = await running()
  Object.assign(node.failures, { reload: 2, restart: 1 })
  await publish(node, agent, generation(2, AB))
  await publish(node, agent, generation(3, A))
  await node.clock.advance(500)
  assert.equal([agent.snapshot().outcome?.kind, applied(agent)], ["applied", 3])
  await agent.stop()
})

test("createAgent() tries a refused text again only for another text, or retest() (fault 67)", async () => {
  const { node, agent } = await running()
  node.refuses = () => []
  node.reading = generation(2, AB)
  agent.request()
  // A hint that comes while the attempt runs, and one after it.
  await Promise.resolve()
  agent.request()
  await publish(node, agent, generation(3, AB))
  await passSeconds(node, agent, 700)
  assert.is(count(node, "test"), 1)
  agent.retest()
  await node.clock.advance(0)
  assert.is(count(node, "test"), 2)
  await publish(node, agent, generation(4, { "10.4.0.52": "default/b" }))
  await node.clock.advance(500)
  assert.is(count(node, "test"), 3)
  await agent.stop()
})

test("createAgent() does not try a text that was refused meanwhile when it repeats a failure", async () => {
  const { node, agent } = await running()
  node.failures.reload = 1
  await publish(node, agent, generation(2, AB))
  node.refuses = () => []
  await publish(node, agent, generation(3, { "10.4.0.52": "default/b" }))
  await node.clock.advance(60_000)
  assert.equal(
    node.steps.filter((step) => step.startsWith("=")),
    ["=rolled-back", "=rejected"],
  )
  await agent.stop()
})

test("createAgent() tries again after a fault, whatever the next generation is", async () => {
  const { node, agent } = await running()
  node.full = 1
  await publish(node, agent, generation(2, AB))
  assert.is(applied(agent), 1)
  await node.clock.advance(3_000)
  assert.is(applied(agent), 2)
  node.full = 1
  await publish(node, agent, generation(3, A))
  await publish(node, agent, generation(4, AB))
  await node.clock.advance(600)
  assert.equal([applied(agent), node.journal?.phase], [4, "in-effect"])
  await agent.stop()
})

test.run()
