import { test } from "uvu"
import * as assert from "uvu/assert"
import { problemsOf } from "../../../src/sidecar/report/status.ts"
import { service } from "../../core/fixture.ts"
import { agentOn, fakeNode, generation, passSeconds } from "../fake-node.ts"
import { AB, count, publish, refuse, running } from "../running-agent.ts"

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

test("watch() repairs an IPVS table that another program has emptied, within seconds (fault 277)", async () => {
  const { node, agent } = await running()
  await passSeconds(node, agent, 20)
  const before = count(node, "repair")
  node.emptied = true
  await passSeconds(node, agent, 2)
  assert.equal([count(node, "repair") - before, node.emptied], [1, false])
  await agent.stop()
})

const DNS = [service("dns", { ports: [{ protocol: "UDP", port: 53 }] })]
const SERVER = "10.4.0.50 53 UDP"

async function runningDns() {
  const node = fakeNode()
  const agent = agentOn(node)
  await publish(node, agent, generation(1, { "10.4.0.50": "default/dns" }, DNS))
  await passSeconds(node, agent, 2)
  return { node, agent }
}

test("a UDP virtual server is reported as new when it is applied, and at a takeover (fault 231)", async () => {
  const { node, agent } = await runningDns()
  assert.equal(node.appeared.splice(0), [SERVER])
  agent.recordRoles(new Map([["vips", { state: "backup", since: null, reason: null }]]))
  assert.equal(node.appeared, [])
  agent.recordRoles(new Map([["vips", { state: "master", since: null, reason: null }]]))
  agent.recordRoles(new Map([["vips", { state: "master", since: null, reason: null }]]))
  assert.equal(node.appeared.splice(0), [SERVER])
  await publish(node, agent, generation(2, { "10.4.0.50": "default/dns", "10.4.0.51": "" }, DNS))
  await passSeconds(node, agent, 6)
  assert.equal([agent.snapshot().inEffect?.generation?.sequence, node.appeared], [2, []])
  await agent.stop()
})

test("a UDP virtual server is reported as new when a comparison has restored it, and after a restart of keepalived (fault 231)", async () => {
  const { node, agent } = await runningDns()
  node.appeared.length = 0
  node.emptied = true
  const checked = agent.checkDrift()
  await node.clock.advance(1_000)
  await checked
  assert.equal(node.appeared.splice(0), [SERVER])
  node.pid = (node.pid ?? 0) + 1
  await passSeconds(node, agent, 2)
  assert.equal(node.appeared, [SERVER])
  await agent.stop()
})

test("checkDrift() compares what is in effect in all targets; IPVS does not wait for a slow one", async () => {
  const { node, agent } = await running()
  let answer = () => {}
  node.comparing = () => {
    node.steps.push("compare firewall")
    return new Promise((resolve) => (answer = resolve))
  }
  const before = count(node, "compare")
  const checked = agent.checkDrift()
  await node.clock.advance(100)
  assert.equal([count(node, "compare firewall"), count(node, "compare") - before], [1, 1])
  answer()
  await checked
  await agent.stop()
})

test("checkDrift() compares nothing before something is in effect", async () => {
  const node = fakeNode()
  node.comparing = () => Promise.reject(new Error("it compares"))
  const agent = agentOn(node)
  await agent.checkDrift()
  await agent.stop()
})

test("checkDrift() applies again when the live file was overwritten", async () => {
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

test("watch() starts a keepalived that the supervisor did not restart", async () => {
  const { node, agent } = await running()
  node.pid = null
  await passSeconds(node, agent, 1)
  assert.is(count(node, "start"), 0)
  await passSeconds(node, agent, 3)
  assert.is(count(node, "start"), 1)
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

test("watch() restarts the soak when keepalived was restarted, or a newer configuration applied", async () => {
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

test.run()
