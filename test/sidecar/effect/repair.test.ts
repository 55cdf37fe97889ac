import { test } from "uvu"
import * as assert from "uvu/assert"
import { createModelBuilder } from "../../../src/core/model/build-model.ts"
import { type KeepalivedModel, vipsOf } from "../../../src/core/model/keepalived-model.ts"
import { createLog } from "../../../src/kit/process/log.ts"
import { tracesOf } from "../../../src/sidecar/effect/intended.ts"
import { checkDrift, clearRemains, restoreMissing } from "../../../src/sidecar/effect/repair.ts"
import type { Kernel, KernelVirtualServer, RunningKeepalived } from "../../../src/sidecar/ports.ts"
import { cluster, input, service, SETTINGS } from "../../core/fixture.ts"

const PODS = ["10.2.1.1", "10.2.1.2"]
const running: RunningKeepalived = {
  parent: { pid: 1, startTime: "1" },
  checker: { pid: 2, startTime: "1" },
  vrrp: { pid: 3, startTime: "1" },
}

function modelFor(pods: readonly string[] = PODS, check: "none" | "tcp" = "none"): KeepalivedModel {
  const given = input({ "10.4.0.50": "default/a" }, cluster([service("a", { addresses: pods })]))
  const { model } = createModelBuilder({ ...SETTINGS, check })(given)
  if (model === null) throw new Error("the fixture has no model")
  return model
}

/** What the kernel has when all is well on a master. */
function tableOf(model: KeepalivedModel): KernelVirtualServer[] {
  return vipsOf(model).flatMap((vip) =>
    vip.virtualServers.map((server) => ({
      address: server.address,
      port: server.port,
      protocol: server.protocol,
      scheduler: server.scheduler,
      realServers: server.realServers.map((real) => ({ ...real, forwardingMethod: server.forwardingMethod })),
    })),
  )
}

/** A kernel that only writes down what was asked of it, a fake. */
function world(table: readonly KernelVirtualServer[], addresses: readonly string[], owned: readonly string[] = []) {
  const steps: string[] = []
  const step = (name: string) => (key: { readonly address: string; readonly port: number }, real?: object) => {
    const behind = real !== undefined && "address" in real ? ` ${String(real.address)}` : ""
    const weight = real !== undefined && "weight" in real ? `=${String(real.weight)}` : ""
    steps.push(`${name} ${key.address}:${key.port}${behind}${weight}`)
    return Promise.resolve()
  }
  const kernel: Kernel = {
    addresses: () => Promise.resolve(new Set(addresses)),
    virtualServers: () => Promise.resolve(table),
    removeAddress: (_, address) => {
      steps.push(`remove address ${address}`)
      return Promise.resolve()
    },
    removeVirtualServer: step("remove"),
    removeRealServer: step("remove"),
    addVirtualServer: step("add"),
    addRealServer: step("add"),
    setVirtualServer: step("set"),
    setRealServer: step("set"),
    masquerade: () => Promise.resolve(null),
    forgetFlows: () => Promise.resolve(0),
  }
  const keepalived = {
    version: () => Promise.resolve("2.2.7"),
    test: () => Promise.reject(new Error("not asked for")),
    running: () => Promise.resolve(running),
    start: () => Promise.reject(new Error("not asked for")),
    reload: () => Promise.reject(new Error("not asked for")),
    restart: () => Promise.reject(new Error("not asked for")),
    respawnChecker: () => {
      steps.push("respawn checker")
      return Promise.resolve()
    },
  }
  const clock = { now: () => 0, delay: () => Promise.resolve() }
  const traces = tracesOf(modelFor())
  const ledger = {
    additions: [...traces.additions, "10.4.0.99 eth0"],
    virtualServers: [...traces.virtualServers, ...owned],
  }
  const ports = {
    kernel,
    keepalived,
    clock,
    owned: () => Promise.resolve(ledger),
    log: createLog({}, { level: "silent" }),
  }
  return { steps, ports }
}

const MASTER = ["10.4.0.3", "169.254.50.1", "10.4.0.50"]
const good = tableOf(modelFor())
const [server] = good
if (server === undefined) throw new Error("the fixture has no virtual server")
const foreign: KernelVirtualServer = { ...server, address: "10.99.0.1" }

const repairs: [name: string, table: readonly KernelVirtualServer[], steps: string[]][] = [
  ["nothing where all is well", good, []],
  ["a lost real server", [{ ...server, realServers: server.realServers.slice(1) }], ["add 10.4.0.50:80 10.2.1.1=1"]],
  [
    "a lost virtual server, with all behind it",
    [],
    ["add 10.4.0.50:80 10.4.0.50", "add 10.4.0.50:80 10.2.1.1=1", "add 10.4.0.50:80 10.2.1.2=1"],
  ],
  ["a changed scheduler", [{ ...server, scheduler: "rr" }], ["set 10.4.0.50:80 10.4.0.50"]],
  [
    "a changed weight",
    [{ ...server, realServers: server.realServers.map((real, at) => ({ ...real, weight: at === 0 ? 7 : 1 })) }],
    ["set 10.4.0.50:80 10.2.1.1=1"],
  ],
  [
    "a real server that is not the model's",
    [
      {
        ...server,
        realServers: [...server.realServers, { address: "10.2.7.7", port: 80, forwardingMethod: "NAT", weight: 1 }],
      },
    ],
    ["remove 10.4.0.50:80 10.2.7.7"],
  ],
  ["a virtual server that was ours", [...good, { ...server, port: 81 }], ["remove 10.4.0.50:81"]],
  ["nothing of a virtual server that is not ours", [...good, foreign], []],
]
for (const [name, table, steps] of repairs)
  test(`checkDrift() repairs ${name}`, async () => {
    const { steps: taken, ports } = world(table, MASTER, ["10.4.0.50 81 TCP"])
    const { check, found } = await checkDrift(modelFor(), null, ports)
    assert.equal(taken, steps)
    assert.is(check.repaired, steps.length > 0)
    assert.is(check.difference === null, steps.length === 0)
    assert.equal(found?.roles, new Map([["vips", "MASTER"]]))
  })

test("checkDrift() restarts the checker if keepalived checks, because keepalived knows which servers live", async () => {
  const { steps, ports } = world([], MASTER)
  await checkDrift(modelFor(PODS, "tcp"), null, ports)
  assert.equal(steps, ["respawn checker"])
})

test("checkDrift() leaves IPVS alone while the pause after a repair lasts, but for what must go", async () => {
  const { steps, ports } = world([{ ...server, port: 81 }], MASTER, ["10.4.0.50 81 TCP"])
  const { check, restored } = await checkDrift(modelFor(), null, { ...ports, mayRestore: false })
  assert.equal(steps, ["remove 10.4.0.50:81"])
  assert.equal([check.waits, restored], [true, "nothing"])
})

test("restoreMissing() adds what is missing, and only that", async () => {
  const missing = world([], MASTER)
  assert.is(await restoreMissing(modelFor(), missing.ports), true)
  assert.is(missing.steps[0], "add 10.4.0.50:80 10.4.0.50")
  const wrong = world([{ ...server, scheduler: "rr" }], MASTER)
  assert.is(await restoreMissing(modelFor(), wrong.ports), false)
  assert.equal(wrong.steps, [])
})

test("restoreMissing() gives up where an address is missing, or the kernel refuses", async () => {
  const address = world([], ["10.4.0.3", "169.254.50.1"])
  assert.is(await restoreMissing(modelFor(), address.ports), false)
  const { ports } = world([], MASTER)
  const addVirtualServer = () => Promise.reject(new Error("no such scheduler"))
  const refusing = { ...ports, kernel: { ...ports.kernel, addVirtualServer } }
  assert.is(await restoreMissing(modelFor(), refusing), false)
})

test("checkDrift() restarts the checker when many entries are missing", async () => {
  const many = Array.from({ length: 30 }, (_, at) => `10.2.2.${at + 1}`)
  const { steps, ports } = world([], MASTER)
  await checkDrift(modelFor(many), null, ports)
  assert.equal(steps, ["respawn checker"])
})

test("checkDrift() removes an address of ours only when it was too much the time before as well", async () => {
  const { steps, ports } = world(good, ["10.4.0.3", "10.4.0.99"])
  const first = await checkDrift(modelFor(), null, ports)
  assert.equal(steps, [])
  await checkDrift(modelFor(), first.found, ports)
  assert.equal(steps, ["remove address 10.4.0.99"])
})

test("checkDrift() leaves the addresses alone when the role has changed in between", async () => {
  const master = world(good, [...MASTER, "10.4.0.99"])
  const first = await checkDrift(modelFor(), null, master.ports)
  const backup = world(good, ["10.4.0.3", "10.4.0.99"])
  await checkDrift(modelFor(), first.found, backup.ports)
  assert.equal(backup.steps, [])
})

test("clearRemains() takes away what is too much, corrects what is wrong, and adds nothing", async () => {
  const drained = { ...server, realServers: server.realServers.slice(1).map((real) => ({ ...real, weight: 0 })) }
  const { steps, ports } = world(
    [drained, { ...server, port: 81 }, foreign],
    [...MASTER, "10.4.0.99"],
    ["10.4.0.50 81 TCP"],
  )
  await clearRemains(modelFor(), ports)
  assert.equal(steps, ["remove 10.4.0.50:81", "set 10.4.0.50:80 10.2.1.2=1", "remove address 10.4.0.99"])
})

test("clearRemains() removes every address of ours from a node that is not master", async () => {
  const { steps, ports } = world(good, ["10.4.0.3", "10.4.0.50", "10.4.0.99"])
  await clearRemains(modelFor(), ports)
  assert.equal(steps, ["remove address 10.4.0.50", "remove address 10.4.0.99"])
})

test("clearRemains() takes what was added to another interface off it, and nothing else there", async () => {
  const { steps, ports } = world(good, ["10.4.0.3"])
  const addresses = (name: string) => Promise.resolve(new Set(name === "eth1" ? ["10.4.0.50", "10.4.0.77"] : []))
  const removeAddress = (name: string, address: string) => {
    steps.push(`remove address ${address} from ${name}`)
    return Promise.resolve()
  }
  const owned = async () => ({
    ...(await ports.owned()),
    additions: ["10.4.0.50 eth1", "10.4.0.51 eth1", "10.4.0.50 eth0"],
  })
  await clearRemains(modelFor(), { ...ports, kernel: { ...ports.kernel, addresses, removeAddress }, owned })
  assert.equal(steps, ["remove address 10.4.0.50 from eth1"])
})

test.run()
