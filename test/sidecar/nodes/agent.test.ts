import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Agent } from "../../../src/sidecar/agent/agent.ts"
import { endpoint, service, vipsIn } from "../../core/fixture.ts"
import { agentOn, type FakeNode, fakeNode, generation } from "../fake-node.ts"

const PODS = service("a", {
  endpoints: [1, 2, 3].map((at) => ({ ...endpoint(`10.2.${at}.5`), nodeName: `n${at}` })),
})
const weights = (agent: Agent) =>
  vipsIn(agent.snapshot().inEffect?.model)[0]?.virtualServers[0]?.realServers.map((one) => one.weight)

/** What the watch over the nodes does when it has judged. */
async function judged(node: FakeNode, agent: Agent, ...unreachable: readonly string[]): Promise<void> {
  node.unreachable = new Set(unreachable)
  agent.request()
  await node.clock.advance(0)
}

async function running(): Promise<{ node: FakeNode; agent: Agent }> {
  const node = fakeNode()
  const agent = agentOn(node)
  node.reading = generation(1, { "10.4.0.50": "default/a" }, [PODS])
  agent.request()
  await node.clock.advance(2_000)
  assert.equal(weights(agent), [1, 1, 1])
  node.steps.length = 0
  return { node, agent }
}

test("createAgent() gives the pods of an unreachable node weight 0 at once, with one reload, and 1 when it is back", async () => {
  const { node, agent } = await running()
  await judged(node, agent, "n2")
  assert.equal(
    [weights(agent), node.steps],
    [
      [1, 0, 1],
      ["test", "reload", "=applied"],
    ],
  )
  assert.equal(agent.snapshot().inEffect?.generation?.sequence, 1)
  await node.clock.advance(60_000)
  assert.equal(node.steps.filter((step) => step === "reload").length, 1)
  await judged(node, agent)
  assert.equal(weights(agent), [1, 1, 1])
  await agent.stop()
})

test("createAgent() does not reload when a node goes that hosts nothing of ours", async () => {
  const { node, agent } = await running()
  await judged(node, agent, "n7")
  await node.clock.advance(5_000)
  assert.equal([weights(agent), node.steps], [[1, 1, 1], []])
  await agent.stop()
})

test("createAgent() keeps a node's pods at weight 0 when a new generation comes, and drops them when the cluster does", async () => {
  const { node, agent } = await running()
  await judged(node, agent, "n2")
  node.reading = generation(2, { "10.4.0.50": "default/a", "10.4.0.51": "" }, [PODS])
  agent.request()
  await node.clock.advance(1_000)
  assert.equal(weights(agent), [1, 0, 1])
  const left = service("a", { endpoints: [1, 3].map((at) => ({ ...endpoint(`10.2.${at}.5`), nodeName: `n${at}` })) })
  node.reading = generation(3, { "10.4.0.50": "default/a", "10.4.0.51": "" }, [left])
  agent.request()
  await node.clock.advance(1_000)
  assert.equal(weights(agent), [1, 0, 1])
  await node.clock.advance(40_000)
  assert.equal(weights(agent), [1, 1])
  await agent.stop()
})

test("createAgent() tries again when the reload for an unreachable node fails", async () => {
  const { node, agent } = await running()
  node.failures.reload = 1
  await judged(node, agent, "n2")
  assert.equal(weights(agent), [1, 1, 1])
  await node.clock.advance(3_000)
  assert.equal(weights(agent), [1, 0, 1])
  await agent.stop()
})

test.run()
