import { test } from "uvu"
import * as assert from "uvu/assert"
import { partsOf, pathOf, serviceNames } from "../../../src/core/declare/declaration.ts"
import { parseEntry } from "../../../src/core/declare/parse-entry.ts"
import { quoted } from "../../../src/kit/text/quoted.ts"
import { REFUSED, TAKEN } from "../../support/entry-cases.ts"
import { rawEntry } from "../fixture.ts"

const entry = (key: string, text: string) =>
  parseEntry(rawEntry(key, text, { place: { file: "vips.yaml", line: 6, column: 3 } }))

for (const { text, targets } of TAKEN)
  test(`parseEntry() reads ${JSON.stringify(text)}`, () => {
    const { value, problems } = entry("10.4.0.50", text)
    assert.equal(problems, [])
    assert.equal(
      value.services.map((one) => `${one.namespace}/${one.name}:${one.forwardingMethod}`),
      targets,
    )
  })

for (const { key, text, code } of REFUSED)
  test(`parseEntry() refuses ${quoted(key)}: ${quoted(text)} with ${code} (fault 58)`, () => {
    const { problems } = entry(key, text)
    assert.equal(
      problems.map((one) => one.code),
      [code],
    )
    assert.equal(problems[0]?.place, { file: "vips.yaml", line: 6, column: 3 })
    // A message that quoted a control character would let an entry write lines of its own into logs and terminals.
    assert.not.match(problems[0]?.message ?? "", /[\u0000-\u001f\u007f\u2028\u2029]/)
  })

test("parseEntry() names the line of the mistake in a block of lines, comments and empty lines counted", () => {
  const text = "# first\ndefault/a\n\n  default/b:NATX\ndefault\ndefault/a"
  const firstLine = { file: "vips.yaml", line: 8, column: 5 }
  const place = { file: "vips.yaml", line: 7, column: 3 }
  const { problems } = parseEntry(rawEntry("10.4.0.50", text, { place, firstLine }))
  assert.equal(
    problems.map(({ code, place: at }) => `${code} ${at?.line}:${at?.column}`),
    ["BAD_FORWARDING_METHOD 11:7", "BAD_TARGET 12:5", "SERVICE_NAMED_TWICE 13:5"],
  )
})

test("parseEntry() reports every broken line of an entry at once", () => {
  const { problems } = entry("foo", "a/b\nc\nd/e:XX")
  assert.equal(
    problems.map((one) => one.code),
    ["BAD_ADDRESS", "BAD_TARGET", "BAD_FORWARDING_METHOD"],
  )
})

test("parseEntry() declares an address with a family, an object and a name, none of which is the key alone", () => {
  const { value } = entry("10.4.0.50", "default/a")
  assert.equal(value.addresses, [
    { family: "IPv4", text: "10.4.0.50", place: { file: "vips.yaml", line: 6, column: 3 } },
  ])
  assert.is(value.id, "ConfigMap default/vips 10.4.0.50")
  assert.equal(value.path, ["ConfigMap default/vips", "data", "10.4.0.50"])
  assert.equal([value.group, value.name], [null, "10.4.0.50"])
})

test("parseEntry() declares of a broken entry what it can read", () => {
  const { value, problems } = entry("10.4.0.50", "a/b\nc\nd/e:XX\nf/g")
  assert.is(problems.length, 2)
  assert.equal(serviceNames(value), ["a/b", "f/g"])
  assert.equal(entry("foo", "a/b").value.addresses, [])
  assert.equal(
    entry("fd00::1", "a/b").value.addresses.map(({ family, text }) => `${family} ${text}`),
    ["IPv6 fd00::1"],
  )
})

const ids: readonly [key: string][] = [["10.4.0.50"], ["a b\nc"], [""], ["ConfigMap default/vips 10.4.0.50"]]
for (const [key] of ids)
  test(`partsOf() takes the id of ${JSON.stringify(key)} apart`, () => {
    assert.equal(partsOf(rawEntry(key, "").id), { object: "ConfigMap default/vips", name: key })
    assert.equal(pathOf(rawEntry(key, "").id), entry(key, "").value.path)
  })

test("quoted() escapes hidden characters and terminal sequences", () => {
  assert.is(quoted("a\u001b[2J\u009b\u202e\u2028"), String.raw`"a\u001b[2J\u009b\u202e\u2028"`)
})

test("quoted() cuts a long text", () => {
  assert.ok(quoted("x".repeat(5000)).length < 100)
})

test.run()
