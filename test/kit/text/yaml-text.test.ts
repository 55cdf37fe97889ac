import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parse } from "yaml"

import { flowMapping, flowText, lineText, quoted } from "../../../src/kit/text/yaml-text.ts"

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "yes",
    "No",
    "~",
    "1.10",
    "010",
    "1e3",
    "1:20",
    "",
    "- a",
    "\ufeff",
    "\u0085",
    "a: b",
    ".inf",
    "<<",
    "=",
  ),
)

for (const [name, encode] of Object.entries({ quoted, flowText, lineText })) {
  test(`${name}() is read back as the same text by YAML 1.1 and 1.2`, () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const version of ["1.1", "1.2"] as const) {
          assert.equal(parse(`key: ${encode(text)}\n`, { version }), { key: text })
        }
      }),
      { numRuns: 500 },
    )
  })
}

test("quoted() escapes the line ends and the unprintable characters of YAML 1.1", () => {
  assert.is(quoted("\u2028\u0085\ufeff\u007f"), '"\\u2028\\u0085\\ufeff\\u007f"')
})

test("flowMapping() gives one line that is read back as the same value", () => {
  const value = fc.dictionary(
    anyText.filter((key) => key !== "__proto__"),
    fc.oneof(anyText, fc.integer(), fc.boolean(), fc.constant(null), fc.array(anyText)),
  )
  fc.assert(
    fc.property(value, (mapping) => {
      const line = flowMapping(mapping)
      assert.not(/\n/.test(line))
      assert.equal(parse(line, { stringKeys: true }), { ...mapping })
    }),
    { numRuns: 300 },
  )
})

test("flowMapping() leaves out undefined values", () => {
  assert.is(flowMapping({ a: "x", b: undefined, c: [1, "2"] }), '{a: x, c: [1, "2"]}')
})

for (const [text, expected] of [
  ["10.4.0.50", "10.4.0.50"],
  ["node-1", "node-1"],
  ["y", '"y"'],
  ["TRUE", '"TRUE"'],
  ["1.10", '"1.10"'],
  ["fd00::1", '"fd00::1"'],
  ["a b", '"a b"'],
] as const) {
  test(`flowText() gives ${expected} for ${text}`, () => assert.is(flowText(text), expected))
}

test("lineText() does not quote an entry", () => assert.is(lineText("default/echo:NAT"), "default/echo:NAT"))

test.run()
