import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Log } from "../../src/kit/process/log.ts"
import { driftCron, startSchedule } from "../../src/sidecar/wiring/schedule.ts"
import { parseSettings } from "../../src/sidecar/wiring/settings.ts"
import { slow } from "../support/slow.ts"

const EVERY_SECOND = "* * * * * *"
const nothing = () => undefined
const quiet: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
const TELLERS = { log: quiet, faults: { raise: nothing, clear: nothing } }
const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test(
  "startSchedule() never runs a job beside itself, however long it takes (fault 72)",
  slow(20_000, async () => {
    let [running, most, runs] = [0, 0, 0]
    const drift = async () => {
      most = Math.max(most, ++running)
      runs++
      await delay(1_200)
      running--
    }
    const end = startSchedule({ drift, retention: () => Promise.resolve(), retest: nothing }, EVERY_SECOND, TELLERS)
    await delay(3_700)
    await end()
    assert.is(most, 1)
    assert.ok(runs >= 2, `${runs} runs`)
    while (running > 0) await delay(50)
  }),
)

test(
  "startSchedule() runs a job again, and not five times, after the event loop stood for 5 s (fault 72)",
  slow(30_000, async () => {
    const at: number[] = []
    const drift = () => Promise.resolve(void at.push(performance.now()))
    const end = startSchedule({ drift, retention: () => Promise.resolve(), retest: nothing }, EVERY_SECOND, TELLERS)
    while (at.length === 0) await delay(50)
    const stoodUntil = performance.now() + 5_000
    while (performance.now() < stoodUntil);
    await delay(2_500)
    await end()
    const within = (from: number, to: number) =>
      at.filter((ms) => ms >= stoodUntil + from && ms < stoodUntil + to).length
    assert.ok(within(0, 500) <= 2, `${within(0, 500)} at once`)
    assert.ok(within(0, 2_500) >= 1 && within(0, 2_500) <= 4, `${within(0, 2_500)} within 2.5 s`)
  }),
)

test(
  "startSchedule() goes on after a job that throws (fault 72)",
  slow(20_000, async () => {
    let runs = 0
    const told: string[] = []
    const log: Log = { ...quiet, error: (event) => void told.push(event) }
    const drift = () => {
      runs++
      return Promise.reject(new Error("no"))
    }
    const end = startSchedule({ drift, retention: () => Promise.resolve(), retest: nothing }, EVERY_SECOND, {
      ...TELLERS,
      log,
    })
    while (runs < 2) await delay(50)
    await end()
    assert.ok(told.includes("job-failed"))
  }),
)

test("parseSettings() refuses an interval that no cron expression says (fault 72)", () => {
  for (const interval of ["7", "90", "0", "-1", "x", "* * * * *"]) {
    const parsed = parseSettings(["--drift-interval", interval])
    assert.equal(parsed, { kind: "exit", status: 2 }, interval)
  }
  assert.is(driftCron(60), "0 */1 * * * *")
})

test.run()
