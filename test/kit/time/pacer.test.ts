import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { createPacer, type PacerOptions } from "../../../src/kit/time/pacer.ts"
import { createFakeClock } from "../../support/clock.ts"

interface Span {
  readonly from: number
  readonly to: number
}

/** A pacer on a fake clock whose runs take as long as `durations` say, one after the other. */
function paced(options: Partial<PacerOptions>, durations: readonly number[] = []) {
  const clock = createFakeClock()
  const runs: Span[] = []
  const faults: unknown[] = []
  let started = 0
  let running = 0
  let most = 0
  const pacer = createPacer({
    run: async () => {
      const from = clock.now()
      const takes = durations[started++ % Math.max(1, durations.length)] ?? 0
      most = Math.max(most, ++running)
      await clock.delay(takes)
      running--
      runs.push({ from, to: clock.now() })
    },
    gatherMs: 0,
    minimumIntervalMs: 0,
    costFactor: 0,
    onFault: (error) => faults.push(error),
    clock,
    ...options,
  })
  return { clock, runs, faults, pacer, atOnce: () => most }
}

test("request() runs at once when idle, after the gather time", async () => {
  const { clock, runs, pacer } = paced({ gatherMs: 25, minimumIntervalMs: 500, costFactor: 5 })
  pacer.request()
  await clock.advance(24)
  assert.equal(runs, [])
  await clock.advance(1)
  assert.equal(runs, [{ from: 25, to: 25 }])
})

test("request() folds a burst into one run", async () => {
  const { clock, runs, pacer } = paced({ gatherMs: 25 })
  for (let i = 0; i < 10; i++) {
    pacer.request()
    await clock.advance(2)
  }
  await clock.advance(1_000)
  assert.is(runs.length, 1)
})

test("request() during a run leads to one more run, which starts after it", async () => {
  const { clock, runs, pacer } = paced({}, [100])
  pacer.request()
  await clock.advance(50)
  pacer.request()
  pacer.request()
  await clock.advance(1_000)
  assert.equal(
    runs.map(({ from }) => from),
    [0, 100],
  )
})

test("request() after a run waits according to its cost, not its duration", async () => {
  const { clock, pacer } = paced({})
  const starts: number[] = []
  const other = createPacer({
    run: async () => {
      starts.push(clock.now())
      await clock.delay(1_000)
      return 300
    },
    gatherMs: 0,
    minimumIntervalMs: 0,
    costFactor: 5,
    onFault: () => undefined,
    clock,
  })
  other.request()
  await clock.advance(10)
  other.request()
  await clock.advance(5_000)
  assert.equal(starts, [0, 1_500])
  await pacer.stop()
})

test("request() never waits longer than the maximum pause", async () => {
  const { clock, runs, pacer } = paced({ costFactor: 5, maximumPauseMs: 700 }, [1_000])
  pacer.request()
  await clock.advance(10)
  pacer.request()
  await clock.advance(5_000)
  assert.equal(
    runs.map(({ from }) => from),
    [0, 1_700],
  )
})

test("request() after a run that found nothing to do keeps its distance from the run before it", async () => {
  const starts: number[] = []
  const { clock, pacer } = paced({
    run: async () => {
      starts.push(clock.now())
      await clock.delay(10)
      return starts.length === 2 ? null : undefined
    },
    minimumIntervalMs: 250,
    costFactor: 5,
  })
  for (const at of [0, 300, 320, 400]) {
    await clock.advance(at - clock.now())
    pacer.request()
  }
  await clock.advance(2_000)
  // The third waits for what the second cost; the fourth for the third, which did something.
  assert.equal(starts, [0, 300, 350, 600])
})

test("request() during a run counts the gather time from the first of them", async () => {
  const { clock, runs, pacer } = paced({ gatherMs: 50 }, [100])
  pacer.request()
  await clock.advance(50 + 10)
  pacer.request()
  await clock.advance(85)
  pacer.request()
  await clock.advance(1_000)
  assert.equal(
    runs.map(({ from }) => from),
    [50, 150],
  )
})

test("request() keeps the minimum interval from start to start", async () => {
  const { clock, runs, pacer } = paced({ minimumIntervalMs: 250 }, [10])
  pacer.request()
  await clock.advance(20)
  pacer.request()
  await clock.advance(1_000)
  assert.equal(
    runs.map(({ from }) => from),
    [0, 250],
  )
})

test("request() waits a multiple of what the last run took", async () => {
  const { clock, runs, pacer } = paced({ minimumIntervalMs: 250, costFactor: 5 }, [100])
  pacer.request()
  await clock.advance(1)
  pacer.request()
  await clock.advance(2_000)
  assert.equal(
    runs.map(({ from }) => from),
    [0, 500],
  )
})

test("request() after a long silence is not delayed by the pace", async () => {
  const { clock, runs, pacer } = paced({ minimumIntervalMs: 250, costFactor: 5 }, [100])
  pacer.request()
  await clock.advance(10_000)
  pacer.request()
  await clock.advance(1)
  assert.is(runs.length, 1)
  await clock.advance(100)
  assert.is(runs[1]?.from, 10_000)
})

test("request() leaves a quiet gap under a steady stream, also with runs that take time", async () => {
  const gap = { everyMs: 15_000, lastingMs: 4_000 }
  const { clock, runs, pacer } = paced({ minimumIntervalMs: 500, quietGap: () => gap }, [20])
  for (let i = 0; i < 600; i++) {
    pacer.request()
    await clock.advance(100)
  }
  const gaps = runs.slice(1).map(({ from }, index) => ({ from, lasting: from - (runs[index]?.to ?? 0) }))
  const quiet = gaps.filter(({ lasting }) => lasting >= gap.lastingMs)
  assert.ok(quiet.length >= 3, `only ${quiet.length} gaps`)
  for (const [index, { from }] of quiet.slice(1).entries()) {
    const before = quiet[index]?.from ?? 0
    assert.ok(from - before <= gap.everyMs + 500, `a gap ends at ${before} and the next at ${from}`)
  }
})

test("onFault gets the error that a run throws, and the pacer goes on", async () => {
  const boom = new Error("boom")
  let runs = 0
  const { clock, faults, pacer } = paced({
    run: () => (++runs === 1 ? Promise.reject(boom) : Promise.resolve()),
  })
  pacer.request()
  await clock.advance(1)
  pacer.request()
  await clock.advance(1)
  assert.equal(faults, [boom])
  assert.is(runs, 2)
})

test("idle() resolves at once without requests, else after the last run", async () => {
  const { clock, runs, pacer } = paced({ gatherMs: 10 }, [50])
  await pacer.idle()
  pacer.request()
  let idle = false
  const waiting = pacer.idle().then(() => (idle = true))
  await clock.advance(59)
  assert.not(idle)
  await clock.advance(1)
  await waiting
  assert.is(runs.length, 1)
})

test("stop() waits for the run under way, drops waiting requests and ignores later ones", async () => {
  const { clock, runs, pacer } = paced({}, [50])
  pacer.request()
  await clock.advance(10)
  pacer.request()
  let stopped = false
  const stopping = pacer.stop().then(() => (stopped = true))
  await clock.advance(39)
  assert.not(stopped)
  await clock.advance(1)
  await stopping
  pacer.request()
  await clock.advance(1_000)
  assert.is(runs.length, 1)
})

test("stop() during the gather time does not wait for it", async () => {
  const { clock, runs, pacer } = paced({ gatherMs: 10_000 })
  pacer.request()
  await clock.advance(1)
  await pacer.stop()
  assert.is(clock.now(), 1)
  assert.equal(runs, [])
})

const scenario = fc.record({
  gatherMs: fc.integer({ min: 0, max: 100 }),
  minimumIntervalMs: fc.integer({ min: 0, max: 600 }),
  costFactor: fc.integer({ min: 0, max: 6 }),
  durations: fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 5 }),
  // Pauses between requests; short ones make a steady stream.
  pauses: fc.array(fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 2_000 })), { maxLength: 60 }),
})

test("createPacer() never runs two passes at once, and serves every request in bounded time", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ durations, pauses, ...options }) => {
      const { clock, runs, pacer, atOnce } = paced(options, durations)
      const requests: number[] = []
      for (const pause of pauses) {
        await clock.advance(pause)
        pacer.request()
        requests.push(clock.now())
      }
      await clock.advance(5_000)
      await pacer.idle()

      assert.ok(atOnce() <= 1)
      const longest = Math.max(...durations)
      const bound = options.gatherMs + longest + Math.max(options.minimumIntervalMs, options.costFactor * longest)
      for (const at of requests) {
        const served = runs.find(({ from }) => from >= at)
        assert.ok(served !== undefined && served.from - at <= bound, `requested at ${at}, served at ${served?.from}`)
      }
      for (const [index, { from }] of runs.slice(1).entries()) {
        const before = runs[index]
        assert.ok(before !== undefined && from - before.from >= options.minimumIntervalMs)
        assert.ok(from - before.from >= options.costFactor * (before.to - before.from))
      }
      assert.ok(runs.length <= requests.length)
    }),
    { numRuns: 200 },
  )
})

test.run()
