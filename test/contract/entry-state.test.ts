import { test } from "uvu"
import * as assert from "uvu/assert"

import { entryStateOf, isAsWritten } from "../../src/contract/entry-state.ts"

const CASES = [
  ["good", 0, true, "applied"],
  ["good", 1, true, "unserved"],
  ["good", 0, false, "pending"],
  ["good", 2, false, "pending"],
  ["held", 1, true, "held"],
  ["held", 0, false, "held"],
  ["partial", 0, true, "partial"],
  ["left-out", 0, true, "left-out"],
] as const

for (const [form, unserved, isInEffect, state] of CASES)
  test(`entryStateOf() ${form}, ${unserved} unserved, ${isInEffect ? "in effect" : "not in effect"}: ${state}`, () => {
    assert.is(entryStateOf({ form, unserved, isInEffect }), state)
    assert.is(isAsWritten(state), ["applied", "unserved"].includes(state))
  })

test.run()
