import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { decodeHeartbeat, encodeHeartbeat, HEARTBEAT_BYTES, heartbeatAge } from "../../src/contract/heartbeat.ts"

const beat = { bootId: "8695abf6-bbe7-49f6-844e-288fe13fe945", pid: 7, beat: 1234.5, sourceRead: 1230.1, published: 3 }

test("encodeHeartbeat() is always as long, and comes back as it was", () => {
  const heartbeats = fc.record({
    bootId: fc.stringMatching(/^[0-9a-f-]{1,64}$/),
    pid: fc.integer({ min: 1, max: 4_194_304 }),
    beat: fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true }),
    sourceRead: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true })),
    published: fc.option(fc.integer({ min: 1 })),
  })
  fc.assert(
    fc.property(heartbeats, (heartbeat) => {
      const text = encodeHeartbeat(heartbeat)
      // JSON knows no negative zero.
      assert.is(text.length, HEARTBEAT_BYTES)
      assert.equal(decodeHeartbeat(text), JSON.parse(JSON.stringify(heartbeat)))
    }),
  )
})

test("decodeHeartbeat() takes no mixture of two records", () => {
  const one = encodeHeartbeat(beat)
  const two = encodeHeartbeat({ ...beat, beat: 9999.5, published: 4 })
  for (let at = 1; at < HEARTBEAT_BYTES; at += 1) {
    const mixed = one.slice(0, at) + two.slice(at)
    if (mixed !== one && mixed !== two) assert.is(decodeHeartbeat(mixed), null, `mixed at ${at}`)
  }
})

for (const text of ["", "x".repeat(HEARTBEAT_BYTES), encodeHeartbeat(beat).slice(1), `${encodeHeartbeat(beat)} `])
  test(`decodeHeartbeat() takes no ${text.length} bytes that are none`, () => assert.is(decodeHeartbeat(text), null))

test("heartbeatAge() counts from the beat, in one boot only", () => {
  assert.is(heartbeatAge(beat, 1240.5, beat.bootId), 6)
  assert.is(heartbeatAge(beat, 1200, beat.bootId), 0)
  assert.is(heartbeatAge(beat, 1240.5, "another"), null)
  assert.is(heartbeatAge(null, 1240.5, beat.bootId), null)
})

test.run()
