import { test } from "uvu"
import * as assert from "uvu/assert"
import type { KeepalivedModel } from "../../../src/core/model/keepalived-model.ts"
import { createMasquerader, type Masquerader } from "../../../src/sidecar/effect/masquerading.ts"
import { MasqueradeFault } from "../../../src/sidecar/ports.ts"
import { service } from "../../core/fixture.ts"
import { createFakeClock, type FakeClock } from "../../support/clock.ts"
import { knownGood } from "../fake-node.ts"

const modelOf = (...vips: readonly string[]): KeepalivedModel =>
  knownGood(Object.fromEntries(vips.map((vip) => [vip, "default/a"])), [service("a")]).record.model
const [A, B] = ["10.4.0.50", "10.4.0.51"] as const

interface World {
  readonly clock: FakeClock
  readonly masquerader: Masquerader
  /** What the kernel was asked for. */
  readonly asked: string[]
  readonly told: (string | null)[]
  wanted: readonly string[]
  /** What the kernel throws. */
  fault: MasqueradeFault | null
}

function world(snat: "masquerade" | "none" = "masquerade"): World {
  const clock = createFakeClock()
  const masquerader = createMasquerader({
    snat,
    clock,
    kernel: {
      masquerade: (vips, look) => {
        made.asked.push(`${look}: ${vips.join()}`)
        return made.fault === null ? Promise.resolve() : Promise.reject(made.fault)
      },
    },
    wanted: () => made.wanted,
    onOutcome: (fault) => made.told.push(fault?.message ?? null),
  })
  const made: World = { clock, masquerader, asked: [], told: [], wanted: [], fault: null }
  return made
}

const lock = (vips: readonly string[] | null = null) => new MasqueradeFault("the lock is held", vips)

test("ensure() asks the kernel only where the VIPs are others than the last time", async () => {
  const { masquerader, asked } = world()
  assert.is((await masquerader.ensure([modelOf(A)])).size, 0)
  await masquerader.ensure([modelOf(A), modelOf(A)])
  await masquerader.ensure([modelOf(A), modelOf(B)])
  assert.equal(asked, [`memory: ${A}`, `memory: ${A},${B}`])
})

test("ensure() runs no program with --snat none, or if no VIP needs it", async () => {
  const none = world("none")
  assert.is((await none.masquerader.ensure([modelOf(A)])).size, 0)
  await none.masquerader.recheck()
  const direct = world()
  await direct.masquerader.ensure([modelOf()])
  assert.equal([none.asked, direct.asked], [[], []])
})

test("ensure() names the VIPs that lack their rule; those that have it go on (fault 230)", async () => {
  const made = world()
  await made.masquerader.ensure([modelOf(A)])
  made.fault = lock()
  assert.equal([...(await made.masquerader.ensure([modelOf(A, B)]))], [B])
  assert.equal(made.told, ["the lock is held"])
  assert.is(made.masquerader.fault(), "the lock is held")
})

test("ensure() believes what the fault says that the chain has", async () => {
  const made = world()
  await made.masquerader.ensure([modelOf(A)])
  made.fault = lock([])
  assert.equal([...(await made.masquerader.ensure([modelOf(A, B)]))], [A, B])
})

test("ensure() waits only once for a chain that cannot be changed; it is tried again beside everything else (fault 230)", async () => {
  const made = world()
  made.fault = lock()
  made.wanted = [A]
  await made.masquerader.ensure([modelOf(A)])
  await made.masquerader.ensure([modelOf(A, B)])
  await made.masquerader.recheck()
  assert.equal(made.asked, [`memory: ${A}`])
  await made.clock.advance(5_000)
  assert.equal(made.asked, [`memory: ${A}`, `kernel: ${A}`])
  made.fault = null
  await made.clock.advance(5_000)
  assert.equal(made.told, ["the lock is held", null])
  assert.is(made.masquerader.fault(), null)
  await made.clock.advance(60_000)
  assert.is(made.asked.length, 3)
})

test("recheck() looks at the kernel, and tells of a fault once", async () => {
  const made = world()
  made.wanted = [A]
  await made.masquerader.recheck()
  made.fault = lock()
  await made.masquerader.recheck()
  await made.clock.advance(20_000)
  assert.is(made.asked[1], `kernel: ${A}`)
  assert.equal(made.told, ["the lock is held"])
  made.masquerader.stop()
})

test("a fault is over when no VIP needs masquerading any more", async () => {
  const made = world()
  made.wanted = [A]
  made.fault = lock()
  await made.masquerader.recheck()
  made.wanted = []
  await made.clock.advance(5_000)
  assert.equal(made.told, ["the lock is held", null])
  await made.clock.advance(60_000)
  assert.is(made.asked.length, 2)
})

test("what was widened for a change is not narrowed by a check that began before it", async () => {
  const made = world()
  made.wanted = [A]
  await Promise.all([made.masquerader.recheck(), made.masquerader.ensure([modelOf(A, B)])])
  assert.equal(made.asked, [`kernel: ${A}`, `memory: ${A},${B}`])
})

test.run()
