import { test } from "uvu"
import * as assert from "uvu/assert"

import { isSameSet } from "../../src/kit/same-set.ts"

for (const [a, b, same] of [
  ["", "", true],
  ["ab", "ba", true],
  ["ab", "a", false],
  ["a", "ab", false],
  ["ab", "ac", false],
] as const)
  test(`isSameSet() of "${a}" and "${b}" is ${same}`, () =>
    assert.is(isSameSet(new Set(a.split("")), new Set(b.split(""))), same))

test.run()
