import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Agent } from "../../../src/sidecar/agent/agent.ts"
import { NO_HISTORY } from "../../../src/sidecar/agent/history.ts"
import { service, vipsIn } from "../../core/fixture.ts"
import { agentOn, FACTS, type FakeNode, fakeNode, generation, passSeconds } from "../fake-node.ts"
import { A, AB, applied, count, publish, refuse, running, vips } from "../running-agent.ts"

const TORN = { kind: "torn", reason: "a checksum disagrees" } as const
const PROBLEM = {
  code: "INTERFACE_UNKNOWN",
  severity: "error",
  path: [],
  place: null,
  message: "no interface",
} as const

const weights = (agent: Agent) =>
  vipsIn(agent.snapshot().inEffect?.model)[0]?.virtualServers[0]?.realServers.map((one) => one.weight)
const gate = () => {
  let resolve = () => {}
  const promise = new Promise<void>((open) => (resolve = open))
  return { promise, resolve: () => resolve() }
}

test("createAgent() never lets a check and an apply overlap (fault 72)", async () => {
  const { node, agent } = await running()
  const { promise, resolve } = gate()
  node.reloading = promise
  await publish(node, agent, generation(2, AB))
  const checks = Promise.all([agent.checkDrift(), agent.watch(), agent.watch()])
  await node.clock.advance(1_000)
  assert.equal(node.steps, ["test", "reload"])
  assert.is(agent.watch(), agent.watch())
  resolve()
  await checks
  assert.equal(node.steps.slice(0, 4), ["test", "reload", "=applied", "compare"])
  await agent.stop()
})

test("createAgent() keeps what was seen when a reading is torn, and reads again", async () => {
  const { node, agent } = await running()
  const { observation } = agent.snapshot()
  await publish(node, agent, TORN)
  assert.is(agent.snapshot().observation, observation)
  node.reading = generation(2, AB)
  await node.clock.advance(500)
  assert.is(applied(agent), 2)
  await agent.stop()
})

const said = (node: FakeNode) => node.faults.standing().map(({ code, message }) => `${code}: ${message}`)

test("createAgent() says after ten seconds that a generation stays torn, with the file, until one is whole (fault 244)", async () => {
  const { node, agent } = await running()
  await publish(node, agent, { kind: "torn", reason: "vips.yaml has the checksum a, expected b" })
  await passSeconds(node, agent, 9)
  assert.equal(said(node), [])
  await passSeconds(node, agent, 2)
  assert.match(said(node).join(), /^GENERATION_UNREADABLE: Cannot read .*: vips\.yaml has the checksum a, expected b; /)
  assert.is(applied(agent), 1)
  node.reading = generation(2, AB)
  await passSeconds(node, agent, 3)
  assert.equal([applied(agent), said(node)], [2, []])
  await publish(node, agent, TORN)
  await passSeconds(node, agent, 5)
  assert.equal(said(node), [], "each time has its own ten seconds")
  await agent.stop()
})

test("createAgent() says at once that what is published is refused, until something can be read (fault 244)", async () => {
  const { node, agent } = await running()
  await publish(node, agent, { kind: "refused", reason: "Cannot read vips.yaml: it is a symbolic link", problems: [] })
  assert.match(said(node).join(), /^GENERATION_UNREADABLE: .*it is a symbolic link/)
  await publish(node, agent, generation(2, AB))
  assert.equal(said(node), [])
  await agent.stop()
})

test("createAgent() says why it cannot read now, and not why it could not at first", async () => {
  const node = fakeNode()
  const agent = agentOn(node)
  await publish(node, agent, TORN)
  await publish(node, agent, { kind: "torn", reason: "a file is too short" })
  const { observation } = agent.snapshot()
  assert.is(observation?.kind === "no-generation" && observation.reason, "a file is too short")
  await agent.stop()
})

test("createAgent() applies nothing while the node's facts are a problem, and looks again by itself (fault 67)", async () => {
  const { node, agent } = await running()
  node.facts = PROBLEM
  await publish(node, agent, generation(2, AB))
  await passSeconds(node, agent, 20)
  assert.equal([agent.snapshot().observation?.kind, count(node, "test")], ["no-model", 0])
  node.facts = FACTS
  await passSeconds(node, agent, 6)
  assert.is(applied(agent), 2)
  await agent.stop()
})

for (const adopted of [true, false])
  test(`createAgent() does not signal a keepalived that it finds right, ${adopted ? "adopted" : "not remembered"}`, async () => {
    const { node, agent } = await running()
    await agent.stop()
    const { inEffect } = agent.snapshot()
    const next = agentOn(
      node,
      adopted && inEffect !== null
        ? { inEffect: { ...inEffect, generation: null }, history: NO_HISTORY }
        : { inEffect: null, history: NO_HISTORY },
    )
    await publish(node, next, node.reading)
    assert.is(applied(next), 1)
    assert.equal(
      node.steps.filter((step) => ["start", "reload", "restart"].includes(step)),
      [],
    )
    await passSeconds(node, next, 20)
    assert.is(count(node, "promoted 1"), 1)
    await next.stop()
  })

test("createAgent() lets the real servers of what it adopted drain", async () => {
  const { node, agent } = await running()
  await agent.stop()
  const { inEffect } = agent.snapshot()
  const next = agentOn(node, { inEffect, history: NO_HISTORY })
  await publish(node, next, generation(2, A, [service("a", { addresses: ["10.2.1.12"] })]))
  assert.equal(weights(next), [0, 1])
  await next.stop()
})

test("createAgent() holds every entry that the config test accuses, and applies the others in the same pass (fault 65)", async () => {
  const { node, agent } = await running()
  node.refuses = (text) => refuse("10.4.0.51")(text) ?? refuse("10.4.0.52")(text)
  const data = { ...AB, "10.4.0.52": "default/b", "10.4.0.53": "default/b" }
  await publish(node, agent, generation(2, data))
  assert.equal(vips(agent), ["10.4.0.50", "10.4.0.53"])
  assert.equal(
    node.steps.filter((step) => step !== "compare"),
    ["test", "test", "test", "reload", "=applied"],
  )
  node.refuses = () => null
  agent.retest()
  await node.clock.advance(500)
  assert.equal(vips(agent), ["10.4.0.50", "10.4.0.51", "10.4.0.52", "10.4.0.53"])
  await agent.stop()
})

test("createAgent() ends a burst of generations during an apply with the newest", async () => {
  const { node, agent } = await running()
  const { promise, resolve } = gate()
  node.reloading = promise
  for (let sequence = 2; sequence < 9; sequence++)
    await publish(node, agent, generation(sequence, { ...A, [`10.4.0.6${sequence}`]: "default/b" }))
  resolve()
  await node.clock.advance(500)
  assert.equal([applied(agent), count(node, "reload")], [8, 2])
  await agent.stop()
})

test("createAgent() removes a real server when its time to drain is over", async () => {
  const { node, agent } = await running()
  await publish(node, agent, generation(2, A, [service("a", { addresses: ["10.2.1.11", "10.2.1.12"] })]))
  await publish(node, agent, generation(3, A, [service("a", { addresses: ["10.2.1.12"] })]))
  await node.clock.advance(1_000)
  assert.equal(weights(agent), [0, 1])
  await node.clock.advance(40_000)
  assert.equal(weights(agent), [1])
  await agent.stop()
})

test("recordRoles() shows what VRRP made of this node", async () => {
  const { node, agent } = await running()
  const vrrp = { state: "fault", since: "2026-11-22T23:00:00.000Z", reason: 'interface "eth0" is down' } as const
  const roles = new Map([["vips", vrrp]])
  const before = node.changes
  agent.recordRoles(roles)
  assert.equal([agent.snapshot().roles, node.changes], [roles, before + 1])
  await agent.stop()
})

test("unstick() has keepalived started again (fault 253)", async () => {
  const { node, agent } = await running()
  const pid = node.pid
  await agent.unstick()
  assert.equal([count(node, "restart"), node.pid === pid], [1, false])
  await agent.stop()
})

test("stop() sets nothing going any more", async () => {
  const { node, agent } = await running()
  node.failures.reload = 1
  await publish(node, agent, generation(2, AB))
  await agent.stop()
  const { length } = node.steps
  await node.clock.advance(600_000)
  assert.is(node.steps.length, length)
})

test.run()
