import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Agent } from "../../../src/sidecar/agent/agent.ts"
import { guardOf } from "../../../src/sidecar/agent/observe.ts"
import { createMetrics } from "../../../src/sidecar/report/metrics.ts"
import { statusOf } from "../../../src/sidecar/report/status.ts"
import { SYNC, SYNC_SIGNS } from "../../cli/support/volume.ts"
import { node as nodeObject, service, vipsIn } from "../../core/fixture.ts"
import { agentOn, FACTS, type FakeNode, fakeNode, generation, knownGood, passSeconds } from "../fake-node.ts"

const entries = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`10.4.0.${n + 1}`, "default/a"]))
const DRAIN = 30
const GUARD = 60

const vips = (agent: Agent) => vipsIn(agent.snapshot().inEffect?.model).length ?? 0
const servers = (agent: Agent) =>
  vipsIn(agent.snapshot().inEffect?.model).flatMap((vip) => vip.virtualServers).length ?? 0
const guard = (agent: Agent) => guardOf(agent.snapshot().observation)
const lines = (node: FakeNode) => node.events.filter(({ event }) => event === "held").length
const status = (agent: Agent) =>
  statusOf(agent.snapshot(), { ...AROUND, node: "n1", pinned: null, drained: null, keepalivedVersion: null })
const AROUND = { nodes: null, faults: [] }

async function publish(node: FakeNode, agent: Agent, reading: FakeNode["reading"]): Promise<void> {
  node.reading = reading
  agent.request()
  await passSeconds(node, agent, 2)
}

/** A node on which the VIPs of generation 1 work: ten of them, unless told otherwise. */
async function running(
  data: Readonly<Record<string, string>> = entries(10),
): Promise<{ node: FakeNode; agent: Agent }> {
  const node = fakeNode()
  const agent = agentOn(node)
  await publish(node, agent, generation(1, data))
  assert.is(vips(agent), Object.keys(data).length)
  return { node, agent }
}

test("a change that takes half and one of the VIPs away is held, said, and let through by the annotation (fault 57)", async () => {
  const { node, agent } = await running()
  await publish(node, agent, generation(2, entries(4)))
  await passSeconds(node, agent, GUARD * 3)
  assert.equal([guard(agent), vips(agent), lines(node)], ["mass-removal", 10, 1])
  const { outcome, code, reason, problems, observedGeneration, vips: shown } = status(agent)
  assert.equal([outcome, code, problems[0]?.code, observedGeneration], ["rejected", "MASS_REMOVAL", "MASS_REMOVAL", 2])
  assert.match(reason ?? "", /^Cannot remove 6 of 10 VIPs at once .*\/allow-mass-removal: "4"/)
  assert.equal([...new Set(shown.map(({ state, problem }) => `${state} ${problem?.code}`))], ["held MASS_REMOVAL"])
  await publish(node, agent, generation(3, entries(4), undefined, { allow: "4" }))
  assert.equal([guard(agent), vips(agent), status(agent).problems], [null, 4, []])
  await agent.stop()
})

test("a change that takes half of the VIPs away is applied (fault 57)", async () => {
  const { node, agent } = await running()
  await publish(node, agent, generation(2, entries(5)))
  assert.equal([guard(agent), vips(agent)], [null, 5])
  await agent.stop()
})

test("what was held goes away by itself when the entries come back, and a change beside it is applied (fault 57)", async () => {
  const { node, agent } = await running()
  await publish(node, agent, generation(2, entries(1)))
  await publish(node, agent, generation(3, { ...entries(10), "10.4.9.9": "default/b" }))
  assert.equal([guard(agent), vips(agent)], [null, 11])
  await agent.stop()
})

for (const [what, good] of [
  ["what ran before on this node", knownGood(entries(10))],
  ["nothing", null],
] as const)
  test(`a new agent that finds an emptied ConfigMap compares with ${what} (fault 57)`, async () => {
    const node: FakeNode = { ...fakeNode(), good }
    const agent = agentOn(node)
    await publish(node, agent, generation(5, {}))
    assert.equal([guard(agent), vips(agent)], good === null ? [null, 0] : ["mass-removal", 10])
    await agent.stop()
  })

test("what a person has pinned is applied, however little it is (fault 57)", async () => {
  const { node, agent } = await running()
  node.pinned = true
  await publish(node, agent, generation(2, entries(1)))
  assert.equal([guard(agent), vips(agent)], [null, 1])
  await agent.stop()
})

test("where the kernel has no IPVS nothing is held: what forwards cannot stay", async () => {
  const { node, agent } = await running()
  node.facts = { ...FACTS, ipvs: false }
  await publish(node, agent, node.reading)
  assert.equal([guard(agent), vips(agent)], [null, 0])
  await agent.stop()
})

const gone = [service("a", { addresses: [] }), service("b")]
const mixed = { ...entries(6), "10.4.1.1": "default/b" }

test("all endpoints of one Service vanish: the VIP stays, its virtual server goes when the drain time is over (fault 56)", async () => {
  const data = { "10.4.0.1": "default/a", "10.4.0.2": "default/b", "10.4.0.3": "default/b" }
  const { node, agent } = await running(data)
  await publish(node, agent, generation(2, data, gone))
  assert.equal([vips(agent), servers(agent)], [3, 3])
  await passSeconds(node, agent, DRAIN + 10)
  assert.equal([guard(agent), vips(agent), servers(agent)], [null, 3, 2])
  await agent.stop()
})

test("all endpoints of most virtual servers vanish: they are kept until that has lasted by fresh readings (fault 56)", async () => {
  const { node, agent } = await running(mixed)
  await publish(node, agent, generation(2, mixed, gone))
  await passSeconds(node, agent, DRAIN + 10)
  assert.equal([guard(agent), servers(agent)], ["endpoints-lost", 7])
  assert.is(status(agent).problems[0]?.code, "ENDPOINTS_LOST")
  await passSeconds(node, agent, GUARD - 20)
  assert.equal([guard(agent), servers(agent)], ["endpoints-lost", 7])
  await passSeconds(node, agent, 30)
  assert.equal([guard(agent), vips(agent), servers(agent), lines(node)], [null, 7, 1, 1])
  await agent.stop()
})

for (const [what, age] of [
  ["has not read its source since", 10_000],
  ["says nothing", null],
] as const)
  test(`all endpoints of most virtual servers vanish while sync ${what}: they are kept (fault 56)`, async () => {
    const { node, agent } = await running(mixed)
    node.sourceAge = age
    await publish(node, agent, generation(2, mixed, gone))
    await passSeconds(node, agent, DRAIN + GUARD * 3)
    assert.equal([guard(agent), servers(agent)], ["endpoints-lost", 7])
    node.sourceAge = 1
    await passSeconds(node, agent, 10)
    assert.equal([guard(agent), servers(agent)], [null, 1])
    await agent.stop()
  })

test("endpoints that come back within the time are used at once, and the time restarts (fault 56)", async () => {
  const { node, agent } = await running(mixed)
  await publish(node, agent, generation(2, mixed, gone))
  await passSeconds(node, agent, DRAIN + 40)
  await publish(node, agent, generation(3, mixed, [service("a", { addresses: ["10.2.9.9"] }), service("b")]))
  assert.equal([guard(agent), servers(agent)], [null, 7])
  await publish(node, agent, generation(4, mixed, gone))
  await passSeconds(node, agent, DRAIN + 40)
  assert.equal([guard(agent), servers(agent)], ["endpoints-lost", 7])
  await agent.stop()
})

test("the Nodes vanish, and this node from among them: what runs is kept, each with its guard", async () => {
  const node = fakeNode()
  const agent = agentOn(node)
  const nodes = [nodeObject("n1", "10.9.0.1"), nodeObject("n2", "10.9.0.2")]
  await publish(node, agent, generation(1, entries(1), undefined, { nodes }))
  await publish(node, agent, generation(2, entries(2), undefined, { nodes: nodes.slice(1) }))
  assert.equal([guard(agent), vips(agent)], ["own-node", 1])
  await publish(node, agent, generation(3, entries(2)))
  assert.equal([guard(agent), vips(agent)], ["nodes-lost", 1])
  await publish(node, agent, generation(4, entries(2), undefined, { allow: "2" }))
  assert.equal([guard(agent), vips(agent)], [null, 2])
  await agent.stop()
})

test("kkv_guard_held says which guard holds, in the sidecar and in sync", async () => {
  const { node, agent } = await running()
  await publish(node, agent, generation(2, {}))
  const problems = [{ code: "CONFIGMAP_MISSING", severity: "error", path: [], place: null, message: "gone" }] as const
  const sync = { ...SYNC_SIGNS, status: { ...SYNC, state: "held", problems } } as const
  const around = { watch: { pollRecovered: 0, watcherErrors: 0 }, ...AROUND, status: status(agent), sync }
  const page = await createMetrics().page(agent.snapshot(), around)
  const held = [...page.matchAll(/^kkv_guard_held\{guard="([a-z-]+)"\} ([01])$/gm)].map(
    ([, name, value]) => `${name} ${value}`,
  )
  assert.equal(held, ["mass-removal 1", "endpoints-lost 0", "nodes-lost 0", "own-node 0", "configmap 1"])
  await agent.stop()
})

test.run()
