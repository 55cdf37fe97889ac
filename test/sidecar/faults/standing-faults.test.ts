import { test } from "uvu"
import * as assert from "uvu/assert"

import { createMetrics } from "../../../src/sidecar/report/metrics.ts"
import { createStandingFaults, faultProblem, standsUntilDone } from "../../../src/sidecar/faults/standing-faults.ts"
import { statusOf } from "../../../src/sidecar/report/status.ts"
import { STATUS, SYNC_SIGNS } from "../../cli/support/volume.ts"
import { generation, passSeconds } from "../fake-node.ts"
import { AB, publish, running } from "../running-agent.ts"

const FULL = { code: "RECORD_FAILED", message: "Cannot write the archive: ENOSPC" } as const

function registered() {
  const said: string[] = []
  let seconds = 0
  const faults = createStandingFaults(() => new Date(seconds * 1_000), {
    raised: ({ key, code }) => said.push(`raised ${key} ${code}`),
    cleared: ({ key, code }) => said.push(`cleared ${key} ${code}`),
    onChange: () => said.push("changed"),
  })
  const at = (second: number) => {
    seconds = second
    return faults
  }
  return { said, at, faults }
}

test("raise() keeps the time of the first failure and the newest message, and reports it once", () => {
  const { said, at, faults } = registered()
  at(10).raise("archive", FULL)
  at(20).raise("archive", FULL)
  at(30).raise("archive", { ...FULL, message: "Cannot write the archive: EIO" })
  assert.equal(faults.standing(), [
    { key: "archive", code: "RECORD_FAILED", message: "Cannot write the archive: EIO", since: new Date(10_000) },
  ])
  assert.equal(said, ["raised archive RECORD_FAILED", "changed", "changed"])
})

test("raise() with another code is another fault", () => {
  const { said, at, faults } = registered()
  at(10).raise("archive", FULL)
  at(20).raise("archive", { code: "PASS_FAILED", message: "another" })
  assert.equal(
    faults.standing().map(({ code, since }) => [code, since.getTime()]),
    [["PASS_FAILED", 20_000]],
  )
  assert.equal(
    said.filter((one) => one !== "changed"),
    ["raised archive RECORD_FAILED", "cleared archive RECORD_FAILED", "raised archive PASS_FAILED"],
  )
})

test("clear() ends a fault once, and a fault that comes back begins then", () => {
  const { said, at, faults } = registered()
  at(5).clear("archive")
  at(10).raise("archive", FULL)
  at(20).clear("archive")
  at(30).clear("archive")
  assert.equal(faults.standing(), [])
  at(40).raise("archive", FULL)
  assert.equal(faults.standing()[0]?.since, new Date(40_000))
  assert.equal(
    said.filter((one) => one !== "changed"),
    ["raised archive RECORD_FAILED", "cleared archive RECORD_FAILED", "raised archive RECORD_FAILED"],
  )
})

test("standing() is ordered by key", () => {
  const { faults } = registered()
  for (const key of ["b", "c", "a"]) faults.raise(key, FULL)
  assert.equal(
    faults.standing().map(({ key }) => key),
    ["a", "b", "c"],
  )
})

test("standsUntilDone() keeps a fault until the same work succeeds, and throws the failure", async () => {
  const { faults } = registered()
  const archive = { key: "archive", code: "RECORD_FAILED", what: "write the archive" } as const
  const full = () => Promise.reject(new Error("no space", { cause: new Error("ENOSPC") }))
  const thrown: unknown = await standsUntilDone(faults, archive, full).catch((error: unknown) => error)
  assert.match(String(thrown), "no space")
  assert.is(faults.standing()[0]?.message, "Cannot write the archive: no space: ENOSPC")
  assert.is(await standsUntilDone(faults, archive, () => Promise.resolve(3)), 3)
  assert.equal(faults.standing(), [])
})

test("faultProblem() is an error that says since when", () => {
  const problem = faultProblem({ key: "record archive", ...FULL, since: new Date("2026-11-29T20:47:53.177Z") })
  assert.equal([problem.severity, problem.code, problem.path], ["error", "RECORD_FAILED", ["record archive"]])
  assert.is(problem.message, "Cannot write the archive: ENOSPC (since 2026-11-29T20:47:53Z)")
})

test("createMetrics() counts the faults that stand by code, and forgets those that ended", async () => {
  const { agent } = await running()
  const { faults } = registered()
  const metrics = createMetrics()
  const around = { watch: { pollRecovered: 0, watcherErrors: 0 }, status: STATUS, sync: SYNC_SIGNS, nodes: null }
  const samples = async () => {
    const page = await metrics.page(agent.snapshot(), { ...around, faults: faults.standing() })
    return page.split("\n").filter((line) => line.startsWith("kkv_faults"))
  }
  faults.raise("record archive", FULL)
  faults.raise("record memory", FULL)
  assert.equal(await samples(), ['kkv_faults{code="RECORD_FAILED"} 2'])
  for (const { key } of faults.standing()) faults.clear(key)
  assert.equal(await samples(), [])
  await agent.stop()
})

test("an attempt that fails on a full disk is a fault in the status until one succeeds", async () => {
  const { node, agent } = await running()
  const problems = () => {
    const context = { node: "n1", interface: "eth0", pinned: null, drained: null, keepalivedVersion: null, nodes: null }
    return statusOf(agent.snapshot(), { ...context, faults: node.faults.standing() }).problems
  }
  node.full = 1
  await publish(node, agent, generation(2, AB))
  assert.equal(
    problems().map(({ code, severity }) => `${severity} ${code}`),
    ["error PASS_FAILED"],
  )
  assert.match(problems()[0]?.message ?? "", /^Cannot apply the newest generation: no space/)
  await passSeconds(node, agent, 5)
  assert.equal(problems(), [])
  await agent.stop()
})

test("a kernel that cannot be read is not the one that was compared before: unknown, in the status and in the metrics (fault 262)", async () => {
  const { node, agent } = await running()
  const context = { node: "n1", interface: "eth0", pinned: null, drained: null, keepalivedVersion: null, nodes: null }
  const status = () => statusOf(agent.snapshot(), { ...context, faults: node.faults.standing() })
  const metrics = createMetrics()
  const sample = async (name: string) => {
    const around = { watch: { pollRecovered: 0, watcherErrors: 0 }, sync: SYNC_SIGNS, nodes: null, faults: [] }
    const page = await metrics.page(agent.snapshot(), { ...around, status: status() })
    return page.split("\n").find((line) => line.startsWith(name))
  }
  await agent.checkDrift()
  assert.equal([status().drift, await sample("kkv_drift ")], ["none", "kkv_drift 0"])
  node.unreadable = true
  const checked = agent.checkDrift()
  await node.clock.advance(1_000)
  await checked
  assert.is(status().drift, "unknown")
  assert.equal(
    status().problems.map(({ code }) => code),
    ["PASS_FAILED"],
  )
  assert.match((await sample("kkv_drift ")) ?? "", /^kkv_drift nan$/i)
  assert.is(await sample('kkv_unknown{what="drift"}'), 'kkv_unknown{what="drift"} 1')
  assert.is(await sample('kkv_not_well{about="drift"}'), 'kkv_not_well{about="drift"} 1')
  assert.is(await sample("kkv_well "), "kkv_well 0")
  node.unreadable = false
  await agent.checkDrift()
  assert.equal([status().drift, status().problems], ["none", []])
  await agent.stop()
})

test.run()
