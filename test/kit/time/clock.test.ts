import { test } from "uvu"
import * as assert from "uvu/assert"
import { systemClock } from "../../../src/kit/time/clock.ts"

test("systemClock.delay() waits that long", async () => {
  const before = systemClock.now()
  await systemClock.delay(30)
  // A timer may fire up to a millisecond early: Node counts in whole ones.
  assert.ok(systemClock.now() - before >= 29)
})

test("systemClock.delay() ends at once when its signal aborts, without a rejection", async () => {
  const abort = new AbortController()
  const waiting = systemClock.delay(60_000, abort.signal)
  abort.abort()
  await waiting
  await systemClock.delay(60_000, abort.signal)
})

test.run()
