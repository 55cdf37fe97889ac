import { test } from "uvu"
import * as assert from "uvu/assert"
import type { KeepalivedModel } from "../../../src/core/model/keepalived-model.ts"
import { createFirewall, type Firewall } from "../../../src/sidecar/targets/firewall.ts"
import { MasqueradeFault } from "../../../src/sidecar/ports.ts"
import { service } from "../../core/fixture.ts"
import { createFakeClock, type FakeClock } from "../../support/clock.ts"
import { knownGood } from "../fake-node.ts"

const modelOf = (...vips: readonly string[]): KeepalivedModel =>
  knownGood(Object.fromEntries(vips.map((vip) => [vip, "default/a"])), [service("a")]).record.model
const [A, B] = ["10.4.0.50", "10.4.0.51"] as const

interface World {
  readonly clock: FakeClock
  readonly firewall: Firewall
  /** What the kernel was asked for. */
  readonly asked: string[]
  readonly told: (string | null)[]
  wanted: readonly string[]
  /** What another program changed. */
  changed: string | null
  /** What the kernel throws. */
  fault: MasqueradeFault | null
}

function world(snat: "masquerade" | "none" = "masquerade"): World {
  const clock = createFakeClock()
  const firewall = createFirewall({
    snat,
    clock,
    kernel: {
      masquerade: (vips, look) => {
        made.asked.push(`${look}: ${vips.join()}`)
        return made.fault === null ? Promise.resolve(made.changed) : Promise.reject(made.fault)
      },
    },
    wanted: () => made.wanted,
    repaired: (difference) => made.told.push(difference),
    onOutcome: (fault) => made.told.push(fault?.message ?? null),
  })
  const made: World = { clock, firewall, asked: [], told: [], wanted: [], fault: null, changed: null }
  return made
}

const lock = (vips: readonly string[] | null = null) => new MasqueradeFault("the lock is held", vips)

const effectiveOf = (...vips: readonly string[]) => ({ sha256: vips.join(), model: modelOf(...vips) })
/** The ids of the entries that must wait, and why, when these VIPs are to follow those. */
async function waiting({ firewall }: World, next: readonly string[], before: readonly string[] = []) {
  const change = { next: { ...effectiveOf(...next), files: new Map() }, before: effectiveOf(...before) }
  const verdict = await firewall.prepare(change)
  return verdict.kind === "accepted" ? [] : [...verdict.refused].map(([id, { code, reason }]) => [id, code, reason])
}
const waitsFor = (reason: string, ...vips: readonly string[]) =>
  vips.map((vip) => [`ConfigMap default/vips ${vip}`, "MASQUERADE_MISSING", reason])

test("prepare() asks the kernel only where the VIPs are others than the last time", async () => {
  const made = world()
  assert.equal(await waiting(made, [A]), [])
  await waiting(made, [A], [A])
  await waiting(made, [B], [A])
  assert.equal(made.asked, [`memory: ${A}`, `memory: ${A},${B}`])
})

test("conclude() leaves the rules of what is in effect", async () => {
  const made = world()
  await waiting(made, [B], [A])
  await made.firewall.conclude(effectiveOf(B), effectiveOf(A))
  assert.equal(made.asked, [`memory: ${A},${B}`, `memory: ${B}`])
})

test("prepare() runs no program with --snat none, or if no VIP needs it", async () => {
  const none = world("none")
  assert.equal(await waiting(none, [A]), [])
  await none.firewall.compare()
  const direct = world()
  await waiting(direct, [])
  assert.equal([none.asked, direct.asked], [[], []])
})

test("prepare() refuses the VIPs that lack their rule; those that have it go on (fault 230)", async () => {
  const made = world()
  await waiting(made, [A])
  made.fault = lock()
  assert.equal(await waiting(made, [A, B], [A]), waitsFor("the lock is held", B))
  assert.equal(made.told, ["the lock is held"])
})

test("prepare() believes what the fault says that the chain has, and refuses no VIP that forwards already (fault 230)", async () => {
  const made = world()
  await waiting(made, [A])
  made.fault = lock([])
  assert.equal(await waiting(made, [A, B]), waitsFor("the lock is held", A, B))
  assert.equal(await waiting(made, [A, B], [A]), waitsFor("the lock is held", B))
})

test("prepare() waits only once for a chain that cannot be changed; it is tried again beside everything else (fault 230)", async () => {
  const made = world()
  made.fault = lock()
  made.wanted = [A]
  await waiting(made, [A])
  await waiting(made, [A, B])
  await made.firewall.compare()
  assert.equal(made.asked, [`memory: ${A}`])
  await made.clock.advance(5_000)
  assert.equal(made.asked, [`memory: ${A}`, `kernel: ${A}`])
  made.fault = null
  await made.clock.advance(5_000)
  assert.equal(made.told, ["the lock is held", null])
  await made.clock.advance(60_000)
  assert.is(made.asked.length, 3)
})

test("compare() looks at the kernel, and tells of a fault once", async () => {
  const made = world()
  made.wanted = [A]
  await made.firewall.compare()
  made.fault = lock()
  await made.firewall.compare()
  await made.clock.advance(20_000)
  assert.is(made.asked[1], `kernel: ${A}`)
  assert.equal(made.told, ["the lock is held"])
  made.firewall.stop()
})

test("compare() tells what another program changed", async () => {
  const made = world()
  made.wanted = [A]
  await made.firewall.compare()
  made.changed = "masquerading for no VIP"
  await made.firewall.compare()
  assert.equal(made.told, ["masquerading for no VIP"])
})

test("a fault is over when no VIP needs masquerading any more", async () => {
  const made = world()
  made.wanted = [A]
  made.fault = lock()
  await made.firewall.compare()
  made.wanted = []
  await made.clock.advance(5_000)
  assert.equal(made.told, ["the lock is held", null])
  await made.clock.advance(60_000)
  assert.is(made.asked.length, 2)
})

test("what was widened for a change is not narrowed by a check that began before it", async () => {
  const made = world()
  made.wanted = [A]
  await Promise.all([made.firewall.compare(), waiting(made, [A, B])])
  assert.equal(made.asked, [`kernel: ${A}`, `memory: ${A},${B}`])
})

test.run()
