import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import {
  decodeHeartbeat,
  encodeHeartbeat,
  type Heartbeat,
  HEARTBEAT_BYTES,
  heartbeatAge,
  sourceAgeOf,
} from "../../src/contract/heartbeat.ts"
import { sha256Of } from "../../src/kit/sha256.ts"

const beat = {
  bootId: "8695abf6-bbe7-49f6-844e-288fe13fe945",
  pid: 7,
  beat: 1234.5,
  sourceRead: 1230.1,
  published: 3,
  fault: null,
}

test("encodeHeartbeat() always has the same length, and decodes to the same value", () => {
  const heartbeats = fc.record({
    bootId: fc.stringMatching(/^[0-9a-f-]{1,64}$/),
    pid: fc.integer({ min: 1, max: 4_194_304 }),
    beat: fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true }),
    sourceRead: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true })),
    published: fc.option(fc.integer({ min: 1 })),
    fault: fc.option(fc.stringMatching(/^[ -!#-[\]-~]{0,120}$/)),
  })
  fc.assert(
    fc.property(heartbeats, (heartbeat) => {
      const text = encodeHeartbeat(heartbeat)
      // JSON knows no negative zero.
      assert.is(text.length, HEARTBEAT_BYTES)
      assert.equal(decodeHeartbeat(text), { kind: "heartbeat", heartbeat: JSON.parse(JSON.stringify(heartbeat)) })
    }),
  )
})

test("decodeHeartbeat() refuses a mixture of two records", () => {
  const one = encodeHeartbeat(beat)
  const two = encodeHeartbeat({ ...beat, beat: 9999.5, published: 4 })
  for (let at = 1; at < HEARTBEAT_BYTES; at += 1) {
    const mixed = one.slice(0, at) + two.slice(at)
    if (mixed !== one && mixed !== two) assert.is(decodeHeartbeat(mixed).kind, "unknown", `mixed at ${at}`)
  }
})

/** A heartbeat file with a checksum that holds, whatever is in it. */
function forged(content: string): string {
  return `${content.padEnd(HEARTBEAT_BYTES - 18)} ${sha256Of(content).slice(0, 16)}\n`
}

const json = (changes: object) => JSON.stringify({ schema: 2, ...beat, ...changes })
const hostile: readonly (readonly [text: string, why: RegExp])[] = [
  ["", /is empty$/],
  ["x", /has 1 bytes \(expected 512\)/],
  [`${encodeHeartbeat(beat)} `, /has 513 bytes/],
  [encodeHeartbeat(beat).slice(1), /has 511 bytes/],
  ["x".repeat(HEARTBEAT_BYTES), /checksum does not match its content/],
  ["\0".repeat(HEARTBEAT_BYTES), /checksum does not match its content/],
  [forged(""), /JSON/],
  [forged("{"), /JSON/],
  [forged("[[[["), /JSON/],
  [forged("null"), /Cannot read heartbeat/],
  [forged("[]"), /Cannot read heartbeat/],
  [forged('"__proto__"'), /Cannot read heartbeat/],
  [forged('{"schema":2,"__proto__":{"beat":1}}'), /Cannot read heartbeat/],
  [forged(json({ schema: 3 })), /has schema 3 \(expected 2\); update the older container/],
  [forged(json({ beat: "1" })), /beat/],
  [forged(json({ beat: null })), /beat/],
  [forged(json({ beat: -1 })), /beat/],
  [forged(json({}).replace("1234.5", "1e999")), /beat/],
  [forged(json({ pid: 0 })), /pid/],
  [forged(json({ published: 1.5 })), /published/],
]
for (const [text, why] of hostile)
  test(`decodeHeartbeat() ${JSON.stringify(text.trimEnd().slice(0, 70))} is unknown, with a reason (fault 240)`, () => {
    const reading = decodeHeartbeat(text)
    assert.is(reading.kind, "unknown")
    assert.match(reading.kind === "unknown" ? reading.why : "", why)
    assert.equal(heartbeatAge(reading, { uptime: 1240.5, bootId: beat.bootId }), reading)
    assert.equal(sourceAgeOf(reading, { uptime: 1240.5, bootId: beat.bootId }), reading)
  })

test("decodeHeartbeat() never throws, and an age is always a number and never negative (fault 240)", () => {
  const content = fc.oneof(
    fc.string({ maxLength: 494 }),
    fc.json({ maxDepth: 3 }).map((text) => text.slice(0, 494)),
  )
  const times = fc.double({ min: 0 })
  fc.assert(
    fc.property(content, times, times, fc.boolean(), (text, at, uptime, whole) => {
      const reading = decodeHeartbeat(whole ? forged(json({ beat: at, sourceRead: at })) : forged(text))
      for (const age of [heartbeatAge, sourceAgeOf].map((of) => of(reading, { uptime, bootId: beat.bootId })))
        if (age.kind === "age") assert.ok(age.seconds >= 0 && at <= uptime + 1, `${at} at ${uptime}: ${age.seconds}`)
        else assert.ok(age.why.length > 0)
    }),
  )
})

const ageOf = (heartbeat: Heartbeat, uptime: number, bootId = beat.bootId) =>
  [heartbeatAge, sourceAgeOf].map((of) => {
    const age = of({ kind: "heartbeat", heartbeat }, { uptime, bootId })
    return age.kind === "age" ? Math.round(age.seconds * 10) / 10 : age.why
  })

test("heartbeatAge(), sourceAgeOf() count from the beat and from the reading, in one boot only (fault 240)", () => {
  assert.equal(ageOf(beat, 1240.5), [6, 10.4])
  assert.equal(ageOf(beat, 1234.49), [0, 4.4])
  assert.equal(ageOf(beat, 1230), [
    "the last beat is 4.5 s in the future",
    "the last reading of the source is 0.1 s in the future",
  ])
  assert.equal(ageOf({ ...beat, sourceRead: null }, 1240.5), [6, "sync has not read its source completely yet"])
  const other = "the heartbeat is from another boot of this machine"
  assert.equal(ageOf(beat, 1240.5, "another"), [other, other])
})

test.run()
