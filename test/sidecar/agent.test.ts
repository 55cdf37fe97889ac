import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Agent } from "../../src/sidecar/agent.ts"
import { NO_MEMORY } from "../../src/sidecar/memory.ts"
import { problemsOf } from "../../src/sidecar/status-report.ts"
import { service } from "../core/fixture.ts"
import { agentOn, type FakeNode, FACTS, fakeNode, generation, knownGood, passSeconds } from "./fake-node.ts"

const A = { "10.4.0.50": "default/a" }
const AB = { ...A, "10.4.0.51": "default/b" }
const TORN = { kind: "torn", reason: "a checksum disagrees" } as const
const PROBLEM = {
  code: "INTERFACE_UNKNOWN",
  severity: "error",
  path: [],
  place: null,
  message: "no interface",
} as const

/** Publishes, and lets the agent come to rest. */
async function publish(node: FakeNode, agent: Agent, reading: FakeNode["reading"]): Promise<void> {
  node.reading = reading
  agent.request()
  await node.clock.advance(0)
}

/** A node on which generation 1 runs. */
async function running(): Promise<{ node: FakeNode; agent: Agent }> {
  const node = fakeNode()
  const agent = agentOn(node)
  await publish(node, agent, generation(1, A))
  await passSeconds(node, agent, 2)
  assert.is(applied(agent), 1)
  node.steps.length = 0
  return { node, agent }
}

const applied = (agent: Agent) => agent.snapshot().inEffect?.generation?.sequence ?? null
const vips = (agent: Agent) => agent.snapshot().inEffect?.model.vips.map((vip) => vip.address)
const weights = (agent: Agent) =>
  agent.snapshot().inEffect?.model.vips[0]?.virtualServers[0]?.realServers.map((one) => one.weight)
const gate = () => {
  let resolve = () => {}
  const promise = new Promise<void>((open) => (resolve = open))
  return { promise, resolve: () => resolve() }
}
const count = (node: FakeNode, step: string) => node.steps.filter((one) => one === step).length
const refuse = (address: string) => (text: string) => {
  const line = text.split("\n").findIndex((one) => one.includes(`virtual_server ${address}`)) + 1
  return line === 0 ? null : [{ line, virtualServer: null, message: "refused" }]
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

test("createAgent() does not let the repetition of a failure try again what was refused since", async () => {
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

test("createAgent() keeps what was seen when a reading is torn, and reads again", async () => {
  const { node, agent } = await running()
  const { seen } = agent.snapshot()
  await publish(node, agent, TORN)
  assert.is(agent.snapshot().seen, seen)
  node.reading = generation(2, AB)
  await node.clock.advance(500)
  assert.is(applied(agent), 2)
  await agent.stop()
})

test("createAgent() says why it cannot read now, and not why it could not at first", async () => {
  const node = fakeNode()
  const agent = agentOn(node)
  await publish(node, agent, TORN)
  await publish(node, agent, { kind: "torn", reason: "a file is too short" })
  const { seen } = agent.snapshot()
  assert.is(seen?.kind === "no-generation" && seen.reason, "a file is too short")
  await agent.stop()
})

for (const gap of [false, true])
  test(`watch() verifies and repairs after a restart of keepalived${gap ? " that it missed for a while" : ""}`, async () => {
    const { node, agent } = await running()
    const before = node.pid ?? 0
    if (gap) node.pid = null
    if (gap) await passSeconds(node, agent, 1)
    Object.assign(node, { pid: before + 1, emptied: true })
    await passSeconds(node, agent, 1)
    await node.clock.advance(100)
    await passSeconds(node, agent, 1)
    assert.equal([count(node, "repair"), node.emptied], [1, false])
    await agent.stop()
  })

test("checkDrift() applies again what somebody wrote over in the live file", async () => {
  const { node, agent } = await running()
  const applied = node.live
  node.live = "0123"
  await agent.checkDrift()
  await node.clock.advance(500)
  assert.is(node.live, applied)
  assert.equal(
    node.steps.filter((step) => step !== "compare"),
    ["test", "reload", "=applied"],
  )
  await agent.checkDrift()
  await node.clock.advance(500)
  assert.is(count(node, "test"), 1)
  await agent.stop()
})

test("checkDrift() repairs what is deleted again and again ever more slowly, and says so", async () => {
  const { node, agent } = await running()
  const at: number[] = []
  for (let second = 0; second < 100; second++) {
    node.emptied = true
    const before = count(node, "repair")
    const checked = agent.checkDrift()
    await node.clock.advance(1_000)
    await checked
    if (count(node, "repair") > before) at.push(second)
  }
  // A check a second, whose second look comes 100 ms later: 2, 4, 8, 16, 30 and 30 s apart, to the next check.
  assert.equal(at, [0, 3, 8, 17, 34, 65, 96])
  const codes = problemsOf(agent.snapshot()).map(({ code }) => code)
  assert.equal(codes, ["DRIFT", "FOREIGN_CHANGES"])
  node.emptied = false
  await node.clock.advance(700_000)
  assert.equal(problemsOf(agent.snapshot()), [])
  await agent.stop()
})

test("checkDrift() looks again by itself where it has just repaired", async () => {
  const { node, agent } = await running()
  node.emptied = true
  const checked = agent.checkDrift()
  await node.clock.advance(1_000)
  await checked
  node.emptied = true
  await node.clock.advance(6_000)
  assert.equal([count(node, "repair"), node.emptied], [2, false])
  await agent.stop()
})

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
    [agent.snapshot().inEffect?.sha256, node.live].map((sha) => sha === node.good?.remembered.sha256),
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

test("watch() starts a keepalived that nobody started again, and has no role for it until then", async () => {
  const { node, agent } = await running()
  node.pid = null
  await passSeconds(node, agent, 1)
  assert.equal([agent.snapshot().role, count(node, "start")], [null, 0])
  await passSeconds(node, agent, 3)
  assert.is(count(node, "start"), 1)
  await passSeconds(node, agent, 2)
  assert.is(agent.snapshot().role, "MASTER")
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

test("watch() promotes what holds at the end of the soak, once", async () => {
  const { node, agent } = await running()
  await passSeconds(node, agent, 12)
  assert.is(count(node, "promoted 1"), 0)
  await passSeconds(node, agent, 30)
  assert.is(count(node, "promoted 1"), 1)
  await agent.stop()
})

test("watch() promotes nothing that does not hold at the end of the soak (fault 36)", async () => {
  const { node, agent } = await running()
  node.failures.verify = 1
  await passSeconds(node, agent, 16)
  assert.equal([count(node, "promoted 1"), count(node, "compare") > 0], [0, true])
  await agent.stop()
})

test("watch() promotes nothing when keepalived dies while the end of the soak is verified", async () => {
  const { node, agent } = await running()
  node.verifying = () => void (node.pid = (node.pid ?? 0) + 1)
  await passSeconds(node, agent, 16)
  assert.is(count(node, "promoted 1"), 0)
  await agent.stop()
})

test("watch() goes on with the soak when a repetition changes nothing", async () => {
  const { node, agent } = await running()
  node.refuses = refuse("10.4.0.51")
  await publish(node, agent, generation(2, AB))
  await passSeconds(node, agent, 10)
  agent.retest()
  await passSeconds(node, agent, 4)
  assert.is(agent.snapshot().outcome?.kind, "unchanged")
  assert.is(count(node, "promoted 2"), 1)
  await agent.stop()
})

test("watch() begins the soak anew when keepalived was started anew, or something newer applied", async () => {
  const { node, agent } = await running()
  await passSeconds(node, agent, 10)
  node.pid = (node.pid ?? 0) + 1
  await passSeconds(node, agent, 12)
  await publish(node, agent, generation(2, AB))
  await passSeconds(node, agent, 12)
  assert.is(
    node.steps.some((step) => step.startsWith("promoted")),
    false,
  )
  await passSeconds(node, agent, 5)
  assert.equal([count(node, "promoted 1"), count(node, "promoted 2")], [0, 1])
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
    assert.is(node.live, node.good?.remembered.sha256)
    await agent.stop()
  })

test("watch() starts the last known good configuration when a keepalived that nobody knows dies", async () => {
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

test("createAgent() applies nothing while the node's facts are a problem, and looks again by itself (fault 67)", async () => {
  const { node, agent } = await running()
  node.facts = PROBLEM
  await publish(node, agent, generation(2, AB))
  await passSeconds(node, agent, 20)
  assert.equal([agent.snapshot().seen?.kind, count(node, "test")], ["no-model", 0])
  node.facts = FACTS
  await passSeconds(node, agent, 6)
  assert.is(applied(agent), 2)
  await agent.stop()
})

for (const adopted of [true, false])
  test(`createAgent() does not signal a keepalived that it finds right, ${adopted ? "adopted" : "remembered by nobody"}`, async () => {
    const { node, agent } = await running()
    await agent.stop()
    const { inEffect } = agent.snapshot()
    const next = agentOn(
      node,
      adopted && inEffect !== null
        ? { inEffect: { ...inEffect, generation: null }, memory: NO_MEMORY }
        : { inEffect: null, memory: NO_MEMORY },
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
  const next = agentOn(node, { inEffect, memory: NO_MEMORY })
  await publish(node, next, generation(2, A, [service("a", { addresses: ["10.2.1.12"] })]))
  assert.equal(weights(next), [0, 1])
  await next.stop()
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

test("watch() reports every change of role", async () => {
  const { node, agent } = await running()
  assert.is(agent.snapshot().role, "MASTER")
  node.master = false
  await passSeconds(node, agent, 2)
  assert.is(agent.snapshot().role, "BACKUP")
  const roles = node.events
    .filter(({ event }) => event === "role")
    .map(({ fields }) => [fields["before"], fields["now"]])
  assert.equal(roles, [
    [null, "MASTER"],
    ["MASTER", "BACKUP"],
  ])
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
