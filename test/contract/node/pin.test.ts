import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodePin, encodePin, type Pin } from "../../../src/contract/node/pin.ts"

const pin: Pin = {
  archive: "00000000000000000041-0123456789ab.tar.gz",
  sequence: 41,
  reason: "checkout answers 500",
  pinnedAt: "2026-11-22T23:00:00.000Z",
}

test("decodePin() gives back what was encoded", () => {
  assert.equal(decodePin(encodePin(pin)), { kind: "value", value: { schema: 2, ...pin } })
})

const refused: readonly (readonly [name: string, pin: Partial<Pin>])[] = [
  ["a path", { archive: "../../etc/passwd" }],
  ["another sequence than the name's", { sequence: 42 }],
  ["a reason of 501 characters", { reason: "x".repeat(501) }],
]
for (const [name, change] of refused)
  test(`decodePin() refuses ${name}`, () => {
    assert.is(decodePin(encodePin({ ...pin, ...change })).kind, "problems")
  })

test.run()
