import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseAllDocuments } from "yaml"

import { parsePlainYaml } from "../../src/kit/plain-yaml.ts"

/** What the full parser says; null where it sees anything wrong. */
function fullValue(text: string): readonly unknown[] | null {
  const documents = parseAllDocuments(text, {
    uniqueKeys: true,
    stringKeys: true,
    logLevel: "silent",
    prettyErrors: false,
  })
  if (!Array.isArray(documents)) return null
  if (documents.some(({ errors, warnings }) => errors.length + warnings.length > 0)) return null
  return documents.map((document) => document.toJS({ maxAliasCount: 0 }) as unknown)
}

const sample = `apiVersion: v1
kind: Service
metadata:
  name: echo
  labels:
    kubernetes.io/service-name: echo
data:
  10.4.0.50: default/echo:NAT
  "y": ""
ports:
  - {name: http, port: 80, list: [a, "b c", 10.0.0.1], on: true, off: null, empty: {}, none: []}
  - plain
zero: 0
---
kind: Other
`

test("parsePlainYaml() gives what the full parser gives", () => {
  assert.equal(
    parsePlainYaml(sample, "data")?.map(({ value }) => value),
    fullValue(sample),
  )
})

test("parsePlainYaml() gives the line of each document and the places of the keys asked for", () => {
  const documents = parsePlainYaml(sample, "data")
  assert.equal(
    documents?.map(({ line }) => line),
    [1, 15],
  )
  assert.equal(
    [...(documents?.[0]?.keyPlaces ?? [])],
    [
      ["10.4.0.50", { line: 8, column: 3 }],
      ["y", { line: 9, column: 3 }],
    ],
  )
})

for (const [what, text] of [
  ["a comment", "a: b # c\n"],
  ["a duplicate key", "a: b\na: c\n"],
  ["a duplicate key in a flow mapping", "a: {b: c, b: d}\n"],
  ["a tab", "a:\tb\n"],
  ["an alias", "a: *b\n"],
  ["an anchor", "a: &b c\n"],
  ["a tag", "a: !b c\n"],
  ["a float", "a: 1.10\n"],
  ["an octal lookalike", "a: 010\n"],
  ["another spelling of null", "a: Null\n"],
  ["an empty value", "a:\nb: c\n"],
  ["a file cut within a line", "a: b"],
  ["an open bracket", "a: {b: c\n"],
  ["an escape", 'a: "\\u0041"\n'],
  ["a text block", "a: |\n  b\n"],
  ["other indentation", "a:\n    b: c\n"],
  ["two values on a line", "a: [b] c\n"],
  ["a key of the prototype", '"__proto__": a\n'],
  ["nothing", "\n"],
] as const) {
  test(`parsePlainYaml() leaves ${what} to the full parser`, () => assert.is(parsePlainYaml(text, "data"), null))
}

test("parsePlainYaml() never differs from the full parser, whatever is done to a text", () => {
  const piece = fc.constantFrom(
    ":",
    " ",
    "\n",
    "-",
    "---\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    '"',
    "'",
    "#",
    "a",
    "0",
    "1.",
    "true",
    "null",
    "  ",
    "? ",
    "|",
    "x: y\n",
  )
  const edit = fc.record({ at: fc.nat(sample.length), remove: fc.nat(3), insert: fc.oneof(piece, fc.constant("")) })
  let answered = 0
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let text = sample
      for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove)
      const plain = parsePlainYaml(text, "data")
      if (plain === null) return
      answered++
      assert.equal(
        plain.map(({ value }) => value),
        fullValue(text),
        JSON.stringify(text),
      )
    }),
    { numRuns: 3000 },
  )
  assert.ok(answered > 50, "the property saw texts that were answered")
})

test.run()
