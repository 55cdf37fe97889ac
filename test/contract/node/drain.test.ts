import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodeDrain, encodeDrain } from "../../../src/contract/node/drain.ts"

const drain = { reason: "new memory", drainedAt: "2026-11-22T23:00:00.000Z" }

test("decodeDrain() gives back what was encoded", () => {
  assert.equal(decodeDrain(encodeDrain(drain)), { kind: "value", value: { schema: 2, ...drain } })
})

const refused: readonly (readonly [name: string, text: string])[] = [
  ["a reason of 501 characters", encodeDrain({ ...drain, reason: "x".repeat(501) })],
  ["a time that is not one", encodeDrain({ ...drain, drainedAt: "today" })],
  ["an empty file", ""],
  ["half a file", encodeDrain(drain).slice(0, 30)],
]
for (const [name, text] of refused)
  test(`decodeDrain() refuses ${name}`, () => {
    assert.is(decodeDrain(text).kind, "problems")
  })

test.run()
