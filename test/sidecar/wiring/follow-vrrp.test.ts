import { test } from "uvu"
import * as assert from "uvu/assert"
import type { RoleChange } from "../../../src/contract/node/history.ts"
import { followVrrp } from "../../../src/sidecar/wiring/follow-vrrp.ts"
import { createMetrics } from "../../../src/sidecar/report/metrics.ts"
import type { SidecarParts } from "../../../src/sidecar/wiring/open.ts"
import type { InstanceAnswer, VrrpEvent } from "../../../src/sidecar/ports.ts"
import { createStandingFaults } from "../../../src/sidecar/faults/standing-faults.ts"
import type { InEffect } from "../../../src/sidecar/agent/state.ts"
import { NO_ROLES, type Vrrp } from "../../../src/sidecar/vrrp/vrrp.ts"
import { createFakeClock } from "../../support/clock.ts"
import { instanceOf, modelWith, otherInstance } from "../../core/instances.ts"
import { modelOf } from "../scripted.ts"

/** The parts that follow VRRP on a FAKE machine. */
function scene() {
  const clock = createFakeClock()
  const model = modelOf("10.4.0.50")
  const fake = {
    clock,
    log: [] as VrrpEvent[],
    heard: 1,
    state: "backup" as InstanceAnswer["state"],
    addresses: new Set(["10.4.0.3"]),
    fails: false,
    learnt: null as Vrrp | null,
    roles: NO_ROLES,
    others: [] as (readonly [string, InstanceAnswer])[],
    /** What is in effect, where a test says so. */
    inEffect: null as InEffect | null,
    added: [] as RoleChange[],
    restarts: 0,
    handsOver: false,
  }
  const faults = createStandingFaults(() => new Date(0), { raised: () => {}, cleared: () => {}, onChange: () => {} })
  const metrics = createMetrics()
  const identity = { pid: 7, startTime: "1" }
  const parts = {
    ...{ faults, metrics, clock, date: () => new Date(0) },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    drain: { isHandingOver: () => fake.handsOver },
    history: { roles: [], add: (change: RoleChange) => void fake.added.push(change), idle: () => Promise.resolve() },
    machine: {
      keepalived: { running: () => Promise.resolve({ parent: identity, checker: null, vrrp: identity }) },
      kernel: { addresses: () => Promise.resolve(fake.addresses) },
      link: () => "no-carrier",
      vrrp: {
        news: () => (fake.fails ? Promise.reject(new Error("EIO")) : Promise.resolve(fake.log.splice(0))),
        ask: () => {
          const { state, heard, others } = fake
          const vips = { state, at: null, advertInterval: 1, heard, farewells: 0 }
          return Promise.resolve({ kind: "answer", instances: new Map([["vips", vips], ...others]) })
        },
        listen: () => () => {},
      },
    },
  } as unknown as SidecarParts
  const unicast = { source: "10.4.0.3", peers: ["10.4.0.4"] }
  const inEffect = {
    sha256: "",
    model: { ...model, instances: model.instances.map((one) => ({ ...one, unicast })) },
    generation: null,
    since: 0,
  }
  const following = followVrrp(parts, {
    recordRoles: (roles) => {
      fake.learnt = roles.get("vips") ?? null
      fake.roles = roles
    },
    snapshot: () => ({ inEffect: fake.inEffect ?? inEffect, roles: fake.roles }) as never,
    unstick: () => Promise.resolve(void fake.restarts++),
  })
  const seconds = async (count: number) => {
    for (let second = 0; second < count; second++) {
      await clock.advance(1_000)
      await following.look()
    }
  }
  const codes = () => faults.standing().map(({ code }) => code)
  return { fake, faults, seconds, codes, look: () => following.look() }
}

test("followVrrp() tells agent, history and metrics of each change (fault 250)", async () => {
  const { fake, look } = scene()
  fake.log.push({ instance: "vips", state: "backup", at: 1_000, reason: "keepalived has started" })
  await look()
  fake.state = "fault"
  fake.log.push({ instance: "vips", state: "fault", at: 2_000, reason: null })
  await look()
  assert.equal([fake.learnt?.state, fake.learnt?.reason?.includes("no carrier")], ["fault", true])
  assert.equal(
    fake.added.map(({ from, to }) => `${from}>${to}`),
    ["unknown>backup", "backup>fault"],
  )
})

test("followVrrp() a FAULT of a drain has its reason, which keepalived's log does not give", async () => {
  const { fake, look } = scene()
  await look()
  fake.handsOver = true
  fake.log.push({ instance: "vips", state: "fault", at: 2_000, reason: null })
  fake.log.push({ instance: "vips", state: "backup", at: 2_000, reason: null })
  await look()
  assert.is(fake.added.find(({ to }) => to === "fault")?.reason, "this node hands its VIPs over: a user drained it")
})

test("followVrrp() has a backup that is stuck restarted, not again within five minutes, and says so (fault 253)", async () => {
  const { fake, seconds, codes } = scene()
  await seconds(30)
  assert.equal([fake.restarts, codes()], [1, ["BACKUP_STUCK"]])
  await seconds(200)
  assert.is(fake.restarts, 1)
  await seconds(120)
  assert.is(fake.restarts, 2)
  fake.heard = 2
  await seconds(6)
  assert.equal(codes(), [])
})

test("followVrrp() says that the kernel shows another role, or lacks the source of unicast, until it does not (fault 254)", async () => {
  const { fake, seconds, codes } = scene()
  fake.state = "master"
  fake.addresses = new Set()
  await seconds(3)
  assert.equal(codes(), [], "a moment is none")
  await seconds(6)
  assert.equal(codes(), ["ROLE_DISAGREES", "UNICAST_SOURCE_GONE"])
  fake.addresses = new Set(["10.4.0.3", "169.254.50.1"])
  await seconds(1)
  assert.equal(codes(), [])
})

test("followVrrp() does not restart a stuck backup while this node is master of another instance (fault 253)", async () => {
  const { fake, seconds, faults } = scene()
  const model = modelWith(instanceOf("10.4.0.50"), otherInstance("10.8.0.50"))
  fake.inEffect = { sha256: "", model, generation: null, since: 0 }
  fake.addresses = new Set(["169.254.51.1", "10.8.0.3"])
  fake.others = [["lan", { state: "master", at: null, advertInterval: 1, heard: 0, farewells: 0 }]]
  await seconds(30)
  assert.is(fake.restarts, 0)
  assert.match(
    faults.standing()[0]?.message ?? "",
    /^Cannot rely on this backup of VRRP instance "vips": .* does not take over; keepalived is not restarted, because/,
  )
})

test("followVrrp() looks for each instance's source of unicast on its own interface (fault 254)", async () => {
  const { fake, seconds, faults } = scene()
  fake.state = "master"
  const first = { ...instanceOf("10.4.0.50"), unicast: { source: "10.4.0.3", peers: ["10.4.0.4"] } }
  const model = modelWith(first, otherInstance("10.8.0.50"))
  fake.inEffect = { sha256: "", model, generation: null, since: 0 }
  fake.addresses = new Set(["10.4.0.3", "169.254.50.1", "169.254.51.1"])
  fake.others = [["lan", { state: "master", at: null, advertInterval: 1, heard: 0, farewells: 0 }]]
  await seconds(7)
  assert.equal(
    faults.standing().map(({ key, code }) => [key, code]),
    [["vrrp source lan", "UNICAST_SOURCE_GONE"]],
  )
  assert.match(faults.standing()[0]?.message ?? "", 'interface "eth1" lacks 10.8.0.3')
})

test("followVrrp() an unreadable log is a fault, and ends nothing", async () => {
  const { fake, seconds, codes } = scene()
  fake.fails = true
  await seconds(2)
  assert.equal(codes(), ["PASS_FAILED"])
  fake.fails = false
  await seconds(1)
  assert.equal(codes(), [])
})

test.run()
