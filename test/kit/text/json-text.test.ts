import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { jsonText, type JsonValue } from "../../../src/kit/text/json-text.ts"

for (const [value, text] of [
  [{ a: 1, b: ["x", "y"], c: { d: null } }, '{"a":1,"b":["x","y"],"c":{"d":null}}\n'],
  [{ a: undefined, b: true }, '{"b":true}\n'],
  [{ a: [{ b: 1 }, { b: [2] }], c: 3 }, '{\n "a": [\n  {"b":1},\n  {"b":[2]}\n ],\n "c": 3\n}\n'],
  [{ a: { b: [{ c: 1 }] } }, '{\n "a": {\n  "b": [\n   {"c":1}\n  ]\n }\n}\n'],
  [{ items: [] }, '{"items":[]}\n'],
  [{ a: "\u001b[31m\u202e" }, '{"a":"\\u001b[31m\\u202e"}\n'],
] satisfies readonly [JsonValue, string][])
  test(`jsonText() writes ${text.trim().replaceAll("\n", " ")}`, () => {
    assert.is(jsonText(value), text)
  })

test("jsonText() writes JSON of the same value, without a hidden character", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = jsonText(value)
      assert.equal(JSON.parse(text), JSON.parse(JSON.stringify(value)))
      assert.not.match(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
    }),
  )
})

test.run()
