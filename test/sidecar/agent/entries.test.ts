import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Others } from "../../../src/core/model/addresses/others.ts"
import type { Agent } from "../../../src/sidecar/agent/agent.ts"
import { service, vipsIn } from "../../core/fixture.ts"
import { agentOn, type FakeNode, FACTS, fakeNode, generation, knownGood, passSeconds } from "../fake-node.ts"

const ENTRIES = 500
const BAD = "10.4.1.44"
const addressOf = (n: number) => `10.4.${Math.floor(n / 100)}.${(n % 100) + 1}`
const data = Object.fromEntries(Array.from({ length: ENTRIES }, (_, n) => [addressOf(n), "default/a"]))

const vips = (agent: Agent) => vipsIn(agent.snapshot().inEffect?.model).map((vip) => vip.address) ?? []
const entry = (agent: Agent, key: string) => {
  const { observation } = agent.snapshot()
  return observation?.kind === "candidate"
    ? observation.built.entries.find((one) => one.declaration.name === key)
    : undefined
}

async function publish(node: FakeNode, agent: Agent, reading: FakeNode["reading"]): Promise<void> {
  node.reading = reading
  agent.request()
  await passSeconds(node, agent, 3)
}

test("one bad entry among 500: the 499 others are applied (fault 65)", async () => {
  const node = fakeNode()
  const agent = agentOn(node)
  await publish(node, agent, generation(1, { ...data, [BAD]: "default/a:DRAG" }))
  assert.equal([agent.snapshot().outcome?.kind, vips(agent).length], ["applied", ENTRIES - 1])
  assert.not.ok(vips(agent).includes(BAD))
  assert.equal(
    entry(agent, BAD)?.problems.map(({ code }) => code),
    ["BAD_FORWARDING_METHOD"],
  )
  await agent.stop()
})

test("one entry among 500 becomes bad: it is held, and the change of another is applied (fault 65)", async () => {
  const node = fakeNode()
  const agent = agentOn(node)
  await publish(node, agent, generation(1, data))
  await publish(node, agent, generation(2, { ...data, [BAD]: "default/a:DRAG", "10.4.9.9": "default/b" }))
  assert.equal([agent.snapshot().outcome?.kind, vips(agent).length], ["applied", ENTRIES + 1])
  assert.is(entry(agent, BAD)?.state, "held")
  await agent.stop()
})

test("one entry among 500 that keepalived's own test refuses: the 499 others are applied in the same pass (fault 65)", async () => {
  const node = fakeNode()
  node.refuses = (text) => {
    const line = text.split("\n").findIndex((one) => one.startsWith(`virtual_server ${BAD} `)) + 1
    return line === 0 ? null : [{ line, virtualServer: null, message: "refused" }]
  }
  const agent = agentOn(node)
  await publish(node, agent, generation(1, data))
  assert.equal([agent.snapshot().outcome?.kind, vips(agent).length], ["applied", ENTRIES - 1])
  assert.equal(
    entry(agent, BAD)?.problems.map(({ code }) => code),
    ["REFUSED_BY_KEEPALIVED"],
  )
  assert.is(node.steps.filter((step) => step === "test").length, 2)
  await agent.stop()
})

test("what is published while keepalived refuses an entry is applied in the same pass", async () => {
  const node = fakeNode()
  node.refuses = (text) => {
    if (!text.includes(`virtual_server ${BAD} `)) return null
    node.reading = generation(2, { "10.4.0.50": "default/a", "10.4.0.51": "default/b" })
    return [{ line: null, virtualServer: `${BAD} 80 TCP`, message: "refused" }]
  }
  const agent = agentOn(node)
  await publish(node, agent, generation(1, { "10.4.0.50": "default/a", [BAD]: "default/a" }))
  assert.equal([agent.snapshot().inEffect?.generation?.sequence, vips(agent)], [2, ["10.4.0.50", "10.4.0.51"]])
  assert.equal(
    node.steps.filter((step) => step.startsWith("=")),
    ["=applied"],
  )
  await agent.stop()
})

test("a VIP that needs masquerading waits while the firewall cannot be changed; all others are applied, and it follows (fault 230)", async () => {
  const node = fakeNode()
  node.unmasqueraded = new Set(["10.4.0.51"])
  const agent = agentOn(node)
  await publish(node, agent, generation(1, { "10.4.0.50": "default/a", "10.4.0.51": "default/b", "10.4.0.52": "" }))
  assert.equal([agent.snapshot().outcome?.kind, vips(agent)], ["applied", ["10.4.0.50", "10.4.0.52"]])
  assert.equal(
    entry(agent, "10.4.0.51")?.problems.map(({ code, message }) => [code, /the lock is held/.test(message)]),
    [["MASQUERADE_MISSING", true]],
  )
  // A change of what runs already is applied as well.
  await publish(node, agent, generation(2, { "10.4.0.50": "default/b", "10.4.0.51": "default/b", "10.4.0.52": "" }))
  assert.is(agent.snapshot().inEffect?.generation?.sequence, 2)
  node.unmasqueraded = new Set()
  agent.retest()
  await passSeconds(node, agent, 6)
  assert.equal(vips(agent), ["10.4.0.50", "10.4.0.51", "10.4.0.52"])
  await agent.stop()
})

test("a VIP that has forwarded by NAT goes on where the firewall lost its rule and cannot be changed (fault 230)", async () => {
  const node = fakeNode()
  const agent = agentOn(node)
  await publish(node, agent, generation(1, { "10.4.0.50": "default/a" }))
  node.unmasqueraded = new Set(["10.4.0.50", "10.4.0.51"])
  await publish(node, agent, generation(2, { "10.4.0.50": "default/b", "10.4.0.51": "default/b" }))
  assert.equal([agent.snapshot().inEffect?.generation?.sequence, vips(agent)], [2, ["10.4.0.50"]])
  await agent.stop()
})

test("an entry that becomes NAT runs on by DR while the firewall cannot be changed (fault 230)", async () => {
  const node = fakeNode()
  const same = [service("a", { ports: [{ targetPort: 80 }], targetPort: 80 })]
  const agent = agentOn(node)
  await publish(node, agent, generation(1, { "10.4.0.50": "default/a:DR" }, same))
  node.unmasqueraded = new Set(["10.4.0.50"])
  await publish(node, agent, generation(2, { "10.4.0.50": "default/a" }, same))
  const methods = () =>
    vipsIn(agent.snapshot().inEffect?.model).flatMap((vip) => vip.virtualServers.map((one) => one.forwardingMethod))
  assert.equal([entry(agent, "10.4.0.50")?.state, methods()], ["held", ["DR"]])
  node.unmasqueraded = new Set()
  agent.retest()
  await passSeconds(node, agent, 6)
  assert.equal(methods(), ["NAT"])
  await agent.stop()
})

const TWO = "10.4.0.50"
const ports = (agent: Agent) =>
  vipsIn(agent.snapshot().inEffect?.model)
    .find(({ address }) => address === TWO)
    ?.virtualServers.map((one) => `${one.port} ${one.service}`)

test("two Services claim a port of one VIP: the first line has it, the other gets its other ports, and a problem says so (fault 63)", async () => {
  const node = fakeNode()
  const agent = agentOn(node)
  const services = [service("a"), service("b", { ports: [{ name: "x" }, { name: "y", port: 81 }] })]
  await publish(node, agent, generation(1, { [TWO]: "default/a\ndefault/b", "10.4.0.60": "default/a" }, services))
  assert.equal(ports(agent), ["80 default/a", "81 default/b"])
  assert.equal(
    entry(agent, TWO)?.problems.map(({ code }) => code),
    ["PORT_CONFLICT"],
  )
  assert.ok(vips(agent).includes("10.4.0.60"))
  await agent.stop()
})

test("a second Service begins to claim a port of a VIP that works: the entry is held as it was (fault 63)", async () => {
  const node = fakeNode()
  const agent = agentOn(node)
  await publish(node, agent, generation(1, { [TWO]: "default/b" }))
  await publish(node, agent, generation(2, { [TWO]: "default/a\ndefault/b" }))
  assert.equal(ports(agent), ["80 default/b"])
  assert.is(entry(agent, TWO)?.state, "held")
  await agent.stop()
})

test("the interface disappears: what runs is kept, the change is applied once it is back, and a refused text is tested again (fault 67)", async () => {
  const node = fakeNode()
  const agent = agentOn(node)
  await publish(node, agent, generation(1, { [TWO]: "default/a" }))
  node.facts = { code: "INTERFACE_UNKNOWN", severity: "error", path: [], place: null, message: "no interface" }
  node.steps.length = 0
  await publish(node, agent, generation(2, { [TWO]: "default/a", "10.4.0.51": "default/b" }))
  assert.equal(vips(agent), [TWO])
  assert.equal(
    node.steps.filter((step) => step !== "compare"),
    [],
  )
  // As the agent sees it where it is keepalived that misses the interface: status 5, and no line of it is an entry's.
  node.facts = FACTS
  node.refuses = () => []
  await publish(node, agent, generation(3, { [TWO]: "default/a", "10.4.0.51": "default/b" }))
  await passSeconds(node, agent, 60)
  assert.equal([agent.snapshot().outcome?.kind, vips(agent)], ["rejected", [TWO]])
  assert.not.ok(node.steps.includes("reload"))
  node.refuses = () => null
  agent.retest()
  await passSeconds(node, agent, 3)
  assert.equal(vips(agent), [TWO, "10.4.0.51"])
  await agent.stop()
})

const onHost = (address: string): Others => ({
  addresses: new Map([[address, { kind: "host", interface: "cni0", prefixLength: 24 }]]),
  virtualServers: new Set(),
})

test("an entry that names what this host has is left out, and let in without a request when that is gone (fault 211)", async () => {
  const node = Object.assign(fakeNode(), { others: onHost("10.4.0.51") })
  const agent = agentOn(node)
  await publish(node, agent, generation(1, { "10.4.0.50": "default/a", "10.4.0.51": "default/a" }))
  assert.equal(vips(agent), ["10.4.0.50"])
  assert.is(entry(agent, "10.4.0.51")?.problems[0]?.code, "ADDRESS_ON_HOST")
  Object.assign(node, { others: null })
  await passSeconds(node, agent, 20)
  assert.equal(vips(agent), ["10.4.0.50", "10.4.0.51"])
  await agent.stop()
})

test("what last ran on this node starts without the addresses that others on it have by now (fault 211)", async () => {
  const good = knownGood({ "10.4.0.50": "default/a", "10.4.0.51": "default/b" })
  const node = Object.assign(fakeNode(), { good, others: onHost("10.4.0.51") })
  const agent = agentOn(node)
  agent.request()
  await passSeconds(node, agent, 3)
  assert.equal(vips(agent), ["10.4.0.50"])
  await agent.stop()
})

const asked = (...addresses: readonly string[]): Others => ({
  addresses: new Map(addresses.map((address) => [address, { kind: "asked" }])),
  virtualServers: new Set(),
})

test("the first start waits while the LAN is asked for all that it would announce, and starts once (fault 214)", async () => {
  const node = Object.assign(fakeNode(), { others: asked("10.4.0.50", "10.4.0.51") })
  const agent = agentOn(node)
  await publish(node, agent, generation(1, { "10.4.0.50": "default/a", "10.4.0.51": "default/b" }))
  assert.equal([agent.snapshot().inEffect, node.pid], [null, null])
  Object.assign(node, { others: asked("10.4.0.51") })
  agent.request()
  await passSeconds(node, agent, 3)
  assert.equal(vips(agent), ["10.4.0.50"])
  Object.assign(node, { others: null })
  agent.request()
  await passSeconds(node, agent, 3)
  assert.equal([vips(agent), node.steps.filter((step) => step === "start").length], [["10.4.0.50", "10.4.0.51"], 1])
  await agent.stop()
})

test("a VIP that the LAN is asked for keeps no other change from being applied (fault 214)", async () => {
  const node = fakeNode()
  const agent = agentOn(node)
  await publish(node, agent, generation(1, { "10.4.0.50": "default/a" }))
  Object.assign(node, { others: asked("10.4.0.51") })
  const two = { "10.4.0.50": "default/a", "10.4.0.51": "default/b" }
  await publish(node, agent, generation(2, two, [service("a", { addresses: ["10.2.1.12"] }), service("b")]))
  assert.equal([vips(agent), agent.snapshot().inEffect?.generation?.sequence], [["10.4.0.50"], 2])
  assert.is(entry(agent, "10.4.0.51")?.state, "pending")
  await agent.stop()
})

test.run()
