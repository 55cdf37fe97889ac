import { test } from "uvu"
import * as assert from "uvu/assert"

import { readConfig, type Statement } from "../../../../src/cli/migrate/keepalived/words.ts"
import { processorTime } from "../../../support/processor-time.ts"

type Shown = string | readonly [string, readonly Shown[]]

function shown({ words, block }: Statement): Shown {
  return block === null ? words.join("|") : [words.join("|"), block.map(shown)]
}

for (const [text, expected, fault] of [
  ["", [], null],
  ["a b\n c", ["a|b", "c"], null],
  ["a b # c { d\n! e\nf!g", ["a|b", "f"], null],
  ['a "b { # c" d', ["a|b { # c|d"], null],
  ['a "b', ['a|"|b'], null],
  ["a b {\n c d\n}\ne", [["a|b", ["c|d"]], "e"], null],
  ["a\n{\n c\n}", [["a", ["c"]]], null],
  ["a { b { c } d }", [["a", [["b", ["c"]], "d"]]], null],
  ["a{b}c", [["a", ["b"]], "c"], null],
  ["a {\n${B}/24\n}", [["a", ["${B}/24"]]], null],
  ["a {}\r\nb", [["a", []], "b"], null],
  ["{ a }", [["", ["a"]]], null],
  ["}\na", ["a"], "it closes a block that is not open"],
  ["a {\nb", [["a", ["b"]]], "a block is never closed"],
  ["a {".repeat(60), null, "it nests too deep"],
] as const)
  test(`readConfig() of ${JSON.stringify(text.slice(0, 40))}`, () => {
    const config = readConfig(text)
    if (expected !== null) assert.equal(config.statements.map(shown), expected)
    assert.is(config.fault?.text ?? null, fault)
  })

test("readConfig() takes processor time in proportion to the text", () => {
  for (const text of ["a{}".repeat(300_000), "a {\n}\n".repeat(150_000), '"'.repeat(900_000), "a\n".repeat(450_000)]) {
    const took = processorTime()
    readConfig(text)
    // On one of the project's machines less than 600 ms; a square would be minutes.
    assert.ok(took() < 5000, `${JSON.stringify(text.slice(0, 9))} took ${took()} ms`)
  }
})

test.run()
