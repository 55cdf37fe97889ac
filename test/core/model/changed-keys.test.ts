import { test } from "uvu"
import * as assert from "uvu/assert"

import { changedKeys } from "../../../src/core/model/changed-keys.ts"

const [one, other] = [{ n: 1 }, { n: 1 }]

for (const [what, before, after, changed] of [
  ["nothing of equal maps", { a: one, b: one }, { a: one, b: one }, []],
  ["the key of another object, though it be equal", { a: one, b: one }, { a: one, b: other }, ["b"]],
  ["all keys that changed", { a: one, b: one, c: one }, { a: other, b: one, c: other }, ["a", "c"]],
  ["null where a key came", { a: one }, { a: one, b: one }, null],
  ["null where a key went", { a: one, b: one }, { b: one }, null],
  ["null where a key is another", { a: one }, { b: one }, null],
  ["null where the order is another", { a: one, b: one }, { b: one, a: one }, null],
  ["nothing of empty maps", {}, {}, []],
] as const)
  test(`changedKeys() gives ${what}`, () =>
    assert.equal(changedKeys(new Map(Object.entries(before)), new Map(Object.entries(after))), changed))

test.run()
