import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { backoffMs } from "../../../src/kit/time/backoff.ts"

const options = { firstMs: 2_000, maximumMs: 300_000, jitter: 0.2 }

test("backoffMs() doubles up to the maximum", () => {
  const waits = [1, 2, 3, 7, 8, 9, 100, 10_000].map((failures) => backoffMs(options, failures, 0.5))
  assert.equal(waits, [2_000, 4_000, 8_000, 128_000, 256_000, 300_000, 300_000, 300_000])
})

test("backoffMs() has no jitter unless a random number is given", () => {
  assert.equal([backoffMs(options, 1), backoffMs(options, 3)], [2_000, 8_000])
})

test("backoffMs() varies by the jitter and no more", () => {
  assert.is(backoffMs(options, 1, 0), 1_600)
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      (n, r) => {
        const middle = backoffMs(options, n, 0.5)
        const wait = backoffMs(options, n, r)
        assert.ok(wait >= middle * 0.8 && wait <= middle * 1.2, `${wait}`)
      },
    ),
  )
})

test.run()
