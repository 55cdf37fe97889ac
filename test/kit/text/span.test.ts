import { test } from "uvu"
import * as assert from "uvu/assert"

import { span } from "../../../src/kit/text/span.ts"

const cases: readonly (readonly [seconds: number, text: string])[] = [
  [-5, "0 s"],
  [0, "0 s"],
  [0.9, "0 s"],
  [1, "1 s"],
  [59.9, "59 s"],
  [60, "1 min"],
  [61, "1 min 1 s"],
  [3_600, "1 h"],
  [3_661, "1 h 1 min"],
  [86_399, "23 h 59 min"],
  [86_400, "1 d"],
  [273_600, "3 d 4 h"],
  [864_000, "10 d"],
]

for (const [seconds, text] of cases)
  test(`span() ${seconds} s is "${text}"`, () => {
    assert.is(span(seconds * 1000), text)
  })

test.run()
