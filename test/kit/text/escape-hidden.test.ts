import { test } from "uvu"
import * as assert from "uvu/assert"
import { visible } from "../../../src/kit/text/escape-hidden.ts"

const rows: readonly [what: string, text: string, shown: string][] = [
  ["an escape sequence", "a\u001b[2Jb", "a\\u001b[2Jb"],
  ["the escape of C1", "a\u009b2Jb", "a\\u009b2Jb"],
  ["a carriage return, which begins the line anew", "bad\rgood", "bad\\u000dgood"],
  ["a backspace", "bad\b\b\bgood", "bad\\u0008\\u0008\\u0008good"],
  ["NUL and DEL", "\u0000\u007f", "\\u0000\\u007f"],
  ["line and paragraph separators", "a\u2028b\u2029c\u0085d", "a\\u2028b\\u2029c\\u0085d"],
  ["a text that is turned round", "\u202etxt.exe\u202c", "\\u202etxt.exe\\u202c"],
  ["an isolate", "\u2066a\u2069", "\\u2066a\\u2069"],
  ["what has no width", "a\u200bb\ufeffc\u00add", "a\\u200bb\\ufeffc\\u00add"],
  ["a tag", "a\u{e0041}b", "a\\udb40\\udc41b"],
]
for (const [what, text, shown] of rows) test(`visible() escapes ${what}`, () => assert.is(visible(text), shown))

test("visible() keeps text, tabs and line feeds, in every script", () => {
  const text = 'a\tb\nÄß "x" \\ é 語 🙂 עברית العربية'
  assert.is(visible(text), text)
})

test("visible() keeps the meaning of JSON", () => {
  for (const [, text] of rows) assert.is(JSON.parse(visible(JSON.stringify(text))), text)
})

test.run()
