import { test } from "uvu"
import * as assert from "uvu/assert"

import { createStandingFaults } from "../../../src/sidecar/faults/standing-faults.ts"
import { createDrainWatch } from "../../../src/sidecar/vrrp/drain.ts"
import type { TrackedFiles } from "../../../src/sidecar/keepalived/tracked-files.ts"
import type { DrainReading } from "../../../src/sidecar/volume/drain-file.ts"
import { createFakeClock } from "../../support/clock.ts"

const DRAIN: DrainReading = {
  kind: "drain",
  drain: { reason: "new memory", drainedAt: "2026-11-22T23:00:00.000Z" },
}

/** A FAKE node: its keepalived gives its VIPs up as soon as it reads 1 in the release file, unless it is `stuck`. */
function scene() {
  const clock = createFakeClock()
  const fake = {
    ...{ reading: { kind: "none" } as DrainReading, holds: true as boolean | null, running: true, stuck: false },
    ...{ low: false, released: false, stopping: false, done: null as string | null, fails: false },
    steps: [] as string[],
    changes: 0,
  }
  const step = (text: string) => {
    if (fake.fails) return Promise.reject(new Error("ENOSPC"))
    fake.steps.push(text)
    return Promise.resolve()
  }
  const handover: TrackedFiles = {
    isLow: () => Promise.resolve(fake.low),
    setLow: async (low) => {
      await step(low ? "low" : "usual")
      fake.low = low
    },
    isReleased: () => Promise.resolve(fake.released),
    setReleased: async (released) => {
      await step(released ? "release" : "take part")
      fake.released = released
      if (released && !fake.stuck) fake.holds = false
    },
    isStopping: () => fake.stopping,
    done: () => Promise.resolve(fake.done),
    setDone: async (drain) => {
      await step(drain === null ? "not done" : "done")
      fake.done = drain
    },
    keepConnections: (what) => step(`connections ${what}`),
  }
  const faults = createStandingFaults(() => new Date(0), { raised: () => {}, cleared: () => {}, onChange: () => {} })
  const make = () =>
    createDrainWatch({
      ...{ read: () => fake.reading, handover, faults, clock, log: { info: () => {}, warn: () => {} } },
      holds: () => Promise.resolve(fake.holds),
      isRunning: () => Promise.resolve(fake.running),
      onChange: () => (fake.changes += 1),
    })
  /** Looks, and lets the time pass that the look waits for. */
  const lookAt = async (watch: ReturnType<typeof make>) => {
    const looking = watch.look()
    for (let turn = 0; turn < 700; turn += 1) await clock.advance(20)
    await looking
    return fake.steps.splice(0)
  }
  const codes = () => faults.standing().map(({ code }) => code)
  return { fake, make, lookAt, codes, faults }
}

const HANDED_OVER = ["connections begin", "release", "take part", "connections end", "done"]

test("createDrainWatch() a holder takes the lowest priority, and gives its VIPs up once", async () => {
  const { fake, make, lookAt } = scene()
  const watch = make()
  assert.equal(await lookAt(watch), [])
  fake.reading = DRAIN
  assert.equal(await lookAt(watch), ["low", ...HANDED_OVER])
  assert.equal(watch.drained(), { since: "2026-11-22T23:00:00.000Z", reason: "new memory" })
  assert.is(fake.changes, 1)
  // No other node took them: it holds them again, and keeps them.
  fake.holds = true
  assert.equal(await lookAt(watch), [])
  // A user asks once more.
  fake.reading = { kind: "drain", drain: { reason: "again", drainedAt: "2026-11-23T00:00:00.000Z" } }
  assert.equal(await lookAt(watch), HANDED_OVER)
})

test("createDrainWatch() the end of a drain gives the priority back, and releases nothing", async () => {
  const { fake, make, lookAt } = scene()
  const watch = make()
  fake.reading = DRAIN
  await lookAt(watch)
  fake.reading = { kind: "none" }
  fake.holds = true
  assert.equal(await lookAt(watch), ["usual", "not done"])
  assert.is(watch.drained(), null)
})

test("createDrainWatch() a backup, and a keepalived that does not run yet, have nothing to hand over", async () => {
  for (const state of [{ holds: false }, { running: false, holds: null }]) {
    const { fake, make, lookAt } = scene()
    Object.assign(fake, state, { reading: DRAIN })
    assert.equal(await lookAt(make()), ["low", "done"])
  }
})

test("createDrainWatch() waits while it is unknown whether the node holds VIPs", async () => {
  const { fake, make, lookAt } = scene()
  Object.assign(fake, { holds: null, reading: DRAIN })
  const watch = make()
  assert.equal(await lookAt(watch), ["low"])
  fake.holds = true
  assert.equal(await lookAt(watch), HANDED_OVER)
})

test("createDrainWatch() the next agent does not hand over again, and ends what the last one began", async () => {
  const { fake, make, lookAt } = scene()
  Object.assign(fake, { reading: DRAIN, low: true, done: "2026-11-22T23:00:00.000Z" })
  assert.equal(await lookAt(make()), [])
  Object.assign(fake, { done: null, released: true, holds: false })
  assert.equal(await lookAt(make()), ["take part", "connections end", "done"])
})

test("createDrainWatch() leaves the release file to the orderly stop of the container", async () => {
  const { fake, make, lookAt } = scene()
  Object.assign(fake, { reading: DRAIN, stopping: true, released: true })
  assert.equal(await lookAt(make()), ["low"])
})

test("createDrainWatch() an unreadable file changes nothing, and is a fault until it can be read", async () => {
  const { fake, make, lookAt, codes, faults } = scene()
  const unreadable = {
    kind: "unreadable",
    path: "/state/drain.json",
    reason: "its content is not that of a drain",
  } as const
  fake.reading = unreadable
  const watch = make()
  assert.equal(await lookAt(watch), [])
  assert.equal(codes(), ["DRAIN_UNREADABLE"])
  assert.match(faults.standing()[0]?.message ?? "", /the node is not drained; run "kkv resume drain"/)
  fake.reading = DRAIN
  await lookAt(watch)
  assert.equal(codes(), [])
  fake.reading = unreadable
  assert.equal(await lookAt(watch), [])
  assert.match(faults.standing()[0]?.message ?? "", /the node stays drained/)
  assert.is(watch.drained()?.reason, "new memory")
})

test("createDrainWatch() a keepalived that does not react is not left released, and is tried again", async () => {
  const { fake, make, lookAt, codes } = scene()
  Object.assign(fake, { reading: DRAIN, stuck: true })
  const watch = make()
  assert.equal(await lookAt(watch), ["low", "connections begin", "release", "take part", "connections end"])
  assert.equal(codes(), ["HANDOVER_FAILED"])
  fake.stuck = false
  assert.equal(await lookAt(watch), HANDED_OVER)
  assert.equal(codes(), [])
})

test("createDrainWatch() a disk that is full is a fault, and not the end", async () => {
  const { fake, make, lookAt, codes } = scene()
  Object.assign(fake, { reading: DRAIN, fails: true })
  const watch = make()
  assert.equal(await lookAt(watch), [])
  assert.equal(codes(), ["HANDOVER_FAILED"])
  fake.fails = false
  assert.equal(await lookAt(watch), ["low", ...HANDED_OVER])
  assert.equal(codes(), [])
})

test("createDrainWatch() stop() ends the wait for keepalived, and takes the release back", async () => {
  const { fake, make } = scene()
  Object.assign(fake, { reading: DRAIN, stuck: true })
  const watch = make()
  const looking = watch.look()
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  await watch.stop()
  await looking
  assert.is(fake.released, false)
  assert.is(fake.done, null)
})

test.run()
