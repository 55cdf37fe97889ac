import { test } from "uvu"
import * as assert from "uvu/assert"

import { cellText } from "../../../../src/cli/migrate/output/report.ts"

for (const [text, expected] of [
  ["10.4.0.50: default/echoheaders", "10.4.0.50: default/echoheaders"],
  ["a|b", String.raw`a\|b`],
  [String.raw`a\|b`, String.raw`a\\\|b`],
  ["`x` *y* _z_ ~a~ [b](c) ![d](e) # f", String.raw`\`x\` \*y\* \_z\_ \~a\~ \[b\](c) \!\[d\](e) \# f`],
  ["<script>&amp;", "&lt;script&gt;&amp;amp;"],
  ["http://a.b www.c.d e@f.g @team", "http&#58;//a.b www&#46;c.d e&#64;f.g &#64;team"],
  ["a\n\n b\tc\r\n", "a; b c"],
  ["\u001b[31m\u202e", String.raw`\\u001b\[31m\\u202e`],
  ["", ""],
] as const)
  test(`cellText() of ${JSON.stringify(text)} is text only`, () => {
    assert.is(cellText(text), expected)
  })

test("cellText() shortens a long text", () => {
  assert.is(cellText("x".repeat(5000)), `${"x".repeat(400)}...`)
})

test.run()
