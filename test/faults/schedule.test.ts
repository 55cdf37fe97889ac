import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Log } from "../../src/kit/process/log.ts"
import { systemClock } from "../../src/kit/time/clock.ts"
import { startComparisons } from "../../src/sidecar/wiring/schedule.ts"
import { parseSettings } from "../../src/sidecar/wiring/settings.ts"
import { createFakeClock } from "../support/clock.ts"
import { slow } from "../support/slow.ts"

const nothing = () => undefined
const quiet: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
const TELLERS = { clock: systemClock, log: quiet, faults: { raise: nothing, clear: nothing } }
const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test(
  "startComparisons() never runs a job beside itself, however long it takes (fault 72)",
  slow(20_000, async () => {
    let [running, most, runs] = [0, 0, 0]
    const drift = async () => {
      most = Math.max(most, ++running)
      runs++
      await delay(1_200)
      running--
    }
    const end = startComparisons(drift, 1_000, TELLERS)
    await delay(3_700)
    end()
    assert.is(most, 1)
    assert.ok(runs >= 2, `${runs} runs`)
    while (running > 0) await delay(50)
  }),
)

test(
  "startComparisons() runs a job again, and not five times, after the event loop stood for 5 s (fault 72)",
  slow(30_000, async () => {
    const at: number[] = []
    const drift = () => Promise.resolve(void at.push(performance.now()))
    const end = startComparisons(drift, 1_000, TELLERS)
    while (at.length === 0) await delay(50)
    const stoodUntil = performance.now() + 5_000
    while (performance.now() < stoodUntil);
    await delay(2_500)
    end()
    const within = (from: number, to: number) =>
      at.filter((ms) => ms >= stoodUntil + from && ms < stoodUntil + to).length
    assert.ok(within(0, 500) <= 2, `${within(0, 500)} at once`)
    assert.ok(within(0, 2_500) >= 1 && within(0, 2_500) <= 4, `${within(0, 2_500)} within 2.5 s`)
  }),
)

test(
  "startComparisons() goes on after a job that throws (fault 72)",
  slow(20_000, async () => {
    let runs = 0
    const told: string[] = []
    const log: Log = { ...quiet, error: (event) => void told.push(event) }
    const drift = () => {
      runs++
      return Promise.reject(new Error("no"))
    }
    const end = startComparisons(drift, 1_000, { ...TELLERS, log })
    while (runs < 2) await delay(50)
    end()
    assert.ok(told.includes("job-failed"))
  }),
)

test("startComparisons() has any interval, and skips the times that a slow comparison missed (fault 72)", async () => {
  const clock = createFakeClock()
  const at: number[] = []
  let tookMs = 0
  const end = startComparisons(
    () => {
      at.push(clock.now())
      return clock.delay(tookMs)
    },
    7_000,
    { ...TELLERS, clock },
  )
  await clock.advance(15_000)
  tookMs = 10_000
  await clock.advance(30_000)
  assert.equal(at, [7_000, 14_000, 21_000, 35_000])
  end()
  await clock.advance(60_000)
  assert.is(at.length, 4)
})

test("parseSettings() takes any interval of a second or more, and refuses everything else (fault 72)", () => {
  for (const [interval, driftMs] of [
    ["1", 1_000],
    ["7", 7_000],
    ["90", 90_000],
    ["2.5", 2_500],
  ] as const) {
    const parsed = parseSettings(["--drift-interval", interval])
    assert.is(parsed.kind === "settings" && parsed.settings.driftMs, driftMs, interval)
  }
  for (const interval of ["0", "0.5", "-1", "x", "* * * * *", "86401"]) {
    const parsed = parseSettings(["--drift-interval", interval])
    assert.equal(parsed, { kind: "exit", status: 2 }, interval)
  }
})

test.run()
