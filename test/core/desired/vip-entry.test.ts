import { test } from "uvu"
import * as assert from "uvu/assert"
import type { DesiredCode } from "../../../src/core/desired/problem-codes.ts"
import { parseVipEntry, quoted } from "../../../src/core/desired/vip-entry.ts"

const entry = (key: string, text: string) =>
  parseVipEntry({ key, text, place: { file: "vips.yaml", line: 6, column: 3 } })

const accepted: [text: string, targets: string[]][] = [
  ["", []],
  ["\n", []],
  ["default/echo", ["default/echo:NAT"]],
  ["default/echo:NAT", ["default/echo:NAT"]],
  ["default/echo:DR", ["default/echo:DR"]],
  ["default/echo:nat", ["default/echo:NAT"]],
  ["default/echo:dr", ["default/echo:DR"]],
  ["default/echo:Dr # as the LAN wants it", ["default/echo:DR"]],
  ["# front end\ndefault/a\n  # mail: a/b:NAT\ndefault/b:DR", ["default/a:NAT", "default/b:DR"]],
  ["#", []],
  ["default/a\ndefault/b:DR\n", ["default/a:NAT", "default/b:DR"]],
  ["default/a\r\n\r\n  other/a\r\n", ["default/a:NAT", "other/a:NAT"]],
  [`${"n".repeat(63)}/${"s".repeat(63)}`, [`${"n".repeat(63)}/${"s".repeat(63)}:NAT`]],
]
for (const [text, targets] of accepted)
  test(`parseVipEntry() reads ${JSON.stringify(text)}`, () => {
    const { value, problems } = entry("10.4.0.50", text)
    assert.equal(problems, [])
    assert.equal(
      value?.targets.map((one) => `${one.namespace}/${one.name}:${one.forwardingMethod}`),
      targets,
    )
  })

const refused: [key: string, text: string, code: DesiredCode][] = [
  ["10.4.0.999", "a/b", "BAD_ADDRESS"],
  ["foo", "a/b", "BAD_ADDRESS"],
  ["010.4.0.50", "a/b", "BAD_ADDRESS"],
  ["10.4.0.50/24", "a/b", "BAD_ADDRESS"],
  ["10.4.0", "a/b", "BAD_ADDRESS"],
  ["0x0a.4.0.50", "a/b", "BAD_ADDRESS"],
  ["127.0.0.1", "a/b", "BAD_ADDRESS"],
  ["0.0.0.0", "a/b", "BAD_ADDRESS"],
  ["224.0.0.18", "a/b", "BAD_ADDRESS"],
  ["255.255.255.255", "a/b", "BAD_ADDRESS"],
  ["169.254.50.1", "a/b", "BAD_ADDRESS"],
  ["fd04::50", "a/b", "BAD_ADDRESS"],
  ["10.4.0.50", "a/b:NATX", "BAD_FORWARDING_METHOD"],
  ["10.4.0.50", "a/b:", "BAD_FORWARDING_METHOD"],
  ["10.4.0.50", "a/b:DR:NAT", "BAD_FORWARDING_METHOD"],
  ["10.4.0.50", "a/b:PROXY", "METHOD_NOT_SUPPORTED"],
  ["10.4.0.50", "a/b:TUN", "METHOD_NOT_SUPPORTED"],
  ["10.4.0.50", "a/b/c", "BAD_TARGET"],
  ["10.4.0.50", "a//b", "BAD_TARGET"],
  ["10.4.0.50", "/b", "BAD_TARGET"],
  ["10.4.0.50", "echo", "BAD_TARGET"],
  ["10.4.0.50", "../../etc/passwd", "BAD_TARGET"],
  ["10.4.0.50", "Default/echo", "BAD_TARGET"],
  ["10.4.0.50", "a/b {", "BAD_TARGET"],
  ["10.4.0.50", "include /etc/passwd", "BAD_TARGET"],
  ["10.4.0.50", "{{x}}/b", "BAD_TARGET"],
  ["10.4.0.50", "a/b#c", "BAD_TARGET"],
  ["10.4.0.50", "a/$b", "BAD_TARGET"],
  ["10.4.0.50", "a/b\u2028c/d", "BAD_TARGET"],
  ["10.4.0.50", `a/${"s".repeat(253)}`, "BAD_TARGET"],
  ["10.4.0.50", "a/b\na/b:DR", "SERVICE_NAMED_TWICE"],
  ["10.4.0.50", "address: 10.4.0.50\nservices: []", "LONG_FORM_NOT_SUPPORTED"],
]
for (const [key, text, code] of refused)
  test(`parseVipEntry() refuses ${quoted(key)}: ${quoted(text)} with ${code} (fault 58)`, () => {
    const { value, problems } = entry(key, text)
    assert.is(value, null)
    assert.equal(
      problems.map((one) => one.code),
      [code],
    )
    assert.equal(problems[0]?.place, { file: "vips.yaml", line: 6, column: 3 })
    // A message that quoted a control character would let an entry write lines of its own into logs and terminals.
    assert.not.match(problems[0]?.message ?? "", /[\u0000-\u001f\u007f\u2028\u2029]/)
  })

test("parseVipEntry() names the line of the mistake in a block of lines, comments and empty lines counted", () => {
  const text = "# first\ndefault/a\n\n  default/b:NATX\ndefault\ndefault/a"
  const firstLine = { file: "vips.yaml", line: 8, column: 5 }
  const place = { file: "vips.yaml", line: 7, column: 3 }
  const { problems } = parseVipEntry({ key: "10.4.0.50", text, place, firstLine })
  assert.equal(
    problems.map(({ code, place: at }) => `${code} ${at?.line}:${at?.column}`),
    ["BAD_FORWARDING_METHOD 11:7", "BAD_TARGET 12:5", "SERVICE_NAMED_TWICE 13:5"],
  )
})

test("parseVipEntry() reports every broken line of an entry at once", () => {
  const { problems } = entry("foo", "a/b\nc\nd/e:XX")
  assert.equal(
    problems.map((one) => one.code),
    ["BAD_ADDRESS", "BAD_TARGET", "BAD_FORWARDING_METHOD"],
  )
})

test("quoted() escapes hidden characters and terminal sequences", () => {
  assert.is(quoted("a\u001b[2J\u009b\u202e\u2028"), String.raw`"a\u001b[2J\u009b\u202e\u2028"`)
})

test("quoted() cuts a long text", () => {
  assert.ok(quoted("x".repeat(5000)).length < 100)
})

test.run()
