import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Log } from "../../src/kit/process/log.ts"
import { systemClock } from "../../src/kit/time/clock.ts"
import { startChores } from "../../src/sidecar/wiring/schedule.ts"
import { createPipeline, type Pipeline } from "../pipeline/pipeline.ts"
import { slow } from "../support/slow.ts"

const HOUR_MS = 3_600_000
const TO_2040_MS = 14 * 365 * 24 * HOUR_MS
/** Each is set after the one before; all together they come back to the true date. */
const steps: readonly [name: string, byMs: number][] = [
  ["an hour forward", HOUR_MS],
  ["an hour back", -HOUR_MS],
  ["an hour back", -HOUR_MS],
  ["to 2040", TO_2040_MS],
  ["back from 2040", -TO_2040_MS],
  ["an hour forward", HOUR_MS],
]

/** Drift is compared every minute, and once at the end of a soak. */
async function comparisons({ node, pass }: Pipeline, ms: number): Promise<number> {
  const before = node.compared()
  await pass(ms)
  return node.compared() - before
}

test("sync and agent, with a fake keepalived, apply each change once and soon, and go on comparing, whatever the date (fault 16)", async () => {
  const pipeline = await createPipeline(1)
  const { node, world, pass, change } = pipeline
  await pipeline.startSync()
  await pipeline.startAgent()
  await change([50])
  await pass(60_000)
  for (const [index, [name, byMs]] of steps.entries()) {
    const reads = node.reads()
    world.dateOffsetMs += byMs
    await pass(1_000)
    await change([50, 51 + index])
    await pass(2_000)
    assert.is(node.reads(), reads + 1, `one change, one reload, with the date ${name}`)
    assert.ok(node.running()?.vips.includes(`10.4.0.${51 + index}`), name)
    await pass(20_000)
    const compared = await comparisons(pipeline, 10 * 60_000)
    assert.ok(compared >= 10 && compared <= 12, `${compared} comparisons in ten minutes with the date ${name}`)
    assert.is(node.reads(), reads + 1, `nothing twice with the date ${name}`)
  }
  await pipeline.finish()
  assert.equal(pipeline.violations, [])
})

test(
  "startChores() with the real node-cron runs on within a second, and holds nothing up, whatever the date (fault 16)",
  slow(60_000, async () => {
    const RealDate = Date
    let offsetMs = 0
    const now = () => RealDate.now() + offsetMs
    globalThis.Date = new Proxy(RealDate, {
      construct: (target, words, as) => Reflect.construct(target, words.length === 0 ? [now()] : words, as) as Date,
      get: (target, name, receiver): unknown => (name === "now" ? now : Reflect.get(target, name, receiver)),
    })
    let ran = () => {}
    const nextRun = () => new Promise<void>((resolve) => (ran = resolve))
    const nothing = () => undefined
    const quiet: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
    const retention = () => Promise.resolve(ran())
    const end = startChores({ retention, retest: nothing }, "* * * * * *", {
      clock: systemClock,
      log: quiet,
      faults: { raise: nothing, clear: nothing },
    })
    try {
      await nextRun()
      // The first step changes nothing that the third does not.
      for (const [name, byMs] of steps.slice(2)) {
        const since = performance.now()
        offsetMs += byMs
        // The timer that is set already may be for a moment near the date's end of a second: so twice.
        await nextRun()
        await nextRun()
        const tookMs = Math.round(performance.now() - since)
        assert.ok(tookMs < 2_800, `two runs took ${tookMs} ms, ${name}`)
      }
    } finally {
      globalThis.Date = RealDate
      await end()
    }
  }),
)

test.run()
