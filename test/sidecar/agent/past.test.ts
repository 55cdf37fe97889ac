import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Agent } from "../../../src/sidecar/agent/agent.ts"
import { guardOf } from "../../../src/sidecar/agent/observe.ts"
import { NO_HISTORY } from "../../../src/sidecar/agent/history.ts"
import { instanceIn, node as nodeObject, service } from "../../core/fixture.ts"
import { agentOn, type FakeNode, fakeNode, generation, knownGood, passSeconds } from "../fake-node.ts"
import { publish, vips } from "../running-agent.ts"

const VIP = "10.4.0.50"
const A = { [VIP]: "default/a" }
const NODES = [nodeObject("n1", "10.4.0.4"), nodeObject("n2", "10.4.0.3")]

/** Nodes of which the first lists these addresses. */
const listing = (...addresses: string[]) => {
  const [first, ...others] = NODES
  if (first === undefined) throw new Error("there is no Node")
  const status = { addresses: addresses.map((address) => ({ type: "InternalIP", address })) }
  return [{ ...first, object: { ...first.object, status } }, ...others]
}

const codes = (agent: Agent) => {
  const { observation } = agent.snapshot()
  const problems = observation?.kind === "candidate" ? observation.built.problems : (observation?.problems ?? [])
  return problems.map(({ code }) => code)
}
const priority = (agent: Agent) => instanceIn(agent.snapshot().inEffect?.model).priority

async function runningWithNodes(): Promise<{ readonly node: FakeNode; readonly agent: Agent }> {
  const node = fakeNode()
  const agent = agentOn(node)
  await publish(node, agent, generation(1, A, undefined, { nodes: NODES }))
  await passSeconds(node, agent, 2)
  assert.equal([vips(agent), priority(agent)], [[VIP], 246])
  return { node, agent }
}

for (const listed of [[VIP], ["10.4.0.4", VIP], [VIP, "10.4.0.4"], [`::ffff:${VIP}`]])
  test(`a VIP that runs stays when a Node lists ${listed.join(" and ")}, with its rank (fault 200)`, async () => {
    const { node, agent } = await runningWithNodes()
    node.steps.length = 0
    await publish(node, agent, generation(2, A, undefined, { nodes: listing(...listed) }))
    await passSeconds(node, agent, 2)
    assert.equal([vips(agent), priority(agent), codes(agent)], [[VIP], 246, ["VIP_LISTED_BY_NODE"]])
    assert.is(node.steps.includes("reload"), false)
    await agent.stop()
  })

test("a VIP that was taken away goes on to be no address of the Node that still lists it (fault 200)", async () => {
  const { node, agent } = await runningWithNodes()
  const echo = { nodes: listing(VIP) }
  await publish(node, agent, generation(2, { "10.4.0.51": "" }, undefined, echo))
  await passSeconds(node, agent, 2)
  assert.equal([vips(agent), priority(agent)], [["10.4.0.51"], 246])
  await publish(node, agent, generation(3, { ...A, "10.4.0.51": "" }, undefined, echo))
  await passSeconds(node, agent, 2)
  assert.equal([vips(agent), priority(agent), codes(agent)], [[VIP, "10.4.0.51"], 246, ["VIP_LISTED_BY_NODE"]])
  await agent.stop()
})

test("an address that a Node had once the VIP there was long gone is refused (fault 201)", async () => {
  const { node, agent } = await runningWithNodes()
  await publish(node, agent, generation(2, { "10.4.0.51": "" }, undefined, { nodes: NODES }))
  await passSeconds(node, agent, 2)
  await publish(node, agent, generation(3, { ...A, "10.4.0.51": "" }, undefined, { nodes: listing("10.4.0.4", VIP) }))
  await passSeconds(node, agent, 2)
  assert.equal([vips(agent), codes(agent)], [["10.4.0.51"], ["VIP_IS_NODE_ADDRESS"]])
  await agent.stop()
})

test("a Node that lists a new VIP while it is being applied is not believed (fault 200)", async () => {
  const { node, agent } = await runningWithNodes()
  let release = () => {}
  node.reloading = new Promise((resolve) => (release = resolve))
  const both = { ...A, "10.4.0.51": "" }
  await publish(node, agent, generation(2, both, undefined, { nodes: NODES }))
  await publish(node, agent, generation(3, both, undefined, { nodes: listing("10.4.0.4", "10.4.0.51") }))
  release()
  await passSeconds(node, agent, 5)
  assert.equal(vips(agent), [VIP, "10.4.0.51"])
  assert.is(node.steps.filter((step) => step === "=applied").length, 2)
  await agent.stop()
})

test("the next agent knows what the last one announced, and the Nodes (faults 200, 202)", async () => {
  const { node, agent } = await runningWithNodes()
  await agent.stop()
  const { inEffect, history } = agent.snapshot()
  if (inEffect === null) throw new Error("nothing is in effect")
  const next = agentOn(node, { inEffect: { ...inEffect, generation: null }, history })
  await publish(node, next, generation(2, A, undefined, { nodes: listing(VIP) }))
  await passSeconds(node, next, 2)
  assert.equal([vips(next), priority(next)], [[VIP], 246])
  await publish(node, next, generation(3, { ...A, "10.4.0.51": "" }))
  await passSeconds(node, next, 2)
  assert.equal([guardOf(next.snapshot().observation), vips(next), priority(next)], ["nodes-lost", [VIP], 246])
  await next.stop()
})

test("without any Node, where the ConfigMap allows it, the node keeps the rank that it had (fault 203)", async () => {
  const { node, agent } = await runningWithNodes()
  await publish(node, agent, generation(2, { ...A, "10.4.0.51": "" }, undefined, { allow: "2" }))
  await passSeconds(node, agent, 2)
  assert.equal([vips(agent), priority(agent), codes(agent)], [[VIP, "10.4.0.51"], 246, ["NODES_LOST"]])
  await agent.stop()
})

test("a guard compares with what last ran, where neither keepalived nor a known good configuration is there (fault 202)", async () => {
  const data = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`10.4.0.${at + 60}`, "default/a"]))
  const node = fakeNode()
  const good = knownGood(data, [service("a")])
  const { past } = good.record
  const agent = agentOn(node, { inEffect: null, history: { ...NO_HISTORY, past } })
  await publish(node, agent, generation(1, { "10.4.0.60": "default/a" }))
  await passSeconds(node, agent, 2)
  assert.is(guardOf(agent.snapshot().observation), "mass-removal")
  await agent.stop()
})

test.run()
