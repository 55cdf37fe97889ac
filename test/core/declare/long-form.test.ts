import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"

import type { ServiceTarget } from "../../../src/core/declare/declaration.ts"
import { isLongForm } from "../../../src/core/declare/is-long-form.ts"
import { parseEntry } from "../../../src/core/declare/parse-entry.ts"
import { servicesNamedIn } from "../../../src/core/declare/long-form/references.ts"
import { quoted } from "../../../src/kit/text/quoted.ts"
import { REFUSED, REFUSED_MAPPINGS, TAKEN, TAKEN_MAPPINGS } from "../../support/entry-cases.ts"
import { rawEntry } from "../fixture.ts"
import { YAML_MARKS } from "../yaml-marks.ts"

const KEY = { file: "vips.yaml", line: 6, column: 3 }
const FIRST = { file: "vips.yaml", line: 7, column: 5 }
const parse = (text: string, key = "web") => parseEntry(rawEntry(key, text, { place: KEY, firstLine: FIRST }))

function targetText({ namespace, name, forwardingMethod, ports, scheduler, persistence }: ServiceTarget): string {
  const chosen = (ports ?? []).map((one) => `${one.servicePort}${one.port === null ? "" : `>${one.port}`}`)
  return [
    `${namespace}/${name}:${forwardingMethod}`,
    ...chosen,
    ...(scheduler === null ? [] : [`/${scheduler}`]),
    ...(persistence === null ? [] : [`~${persistence}`]),
  ].join(" ")
}

for (const { text, addresses, targets } of TAKEN_MAPPINGS)
  test(`parseEntry() reads the mapping ${quoted(text)}`, () => {
    const { value, problems } = parse(text)
    assert.equal(problems, [])
    assert.equal(
      value.addresses.map((one) => one.text),
      addresses,
    )
    assert.equal(value.services.map(targetText), targets)
    assert.equal(
      servicesNamedIn(text).map(({ namespace, name }) => `${namespace}/${name}`),
      targets.map((target) => target.replace(/:.*/, "")),
    )
  })

for (const [text, code, at, references] of REFUSED_MAPPINGS)
  test(`parseEntry() refuses the mapping ${quoted(text)} with ${code} at ${at} (fault 295)`, () => {
    const { problems } = parse(text)
    const [first] = problems
    assert.ok(first !== undefined)
    assert.is(first.code, code)
    const [line = 0, column = 0] = at.split(":").map(Number)
    assert.equal(first.place, { file: "vips.yaml", line: FIRST.line + line - 1, column: FIRST.column + column - 1 })
    assert.ok(
      code.startsWith("YAML_") || text === "{}" || problems.length === 1,
      problems.map(({ message }) => message).join("\n"),
    )
    for (const { message } of problems) assert.not.match(message, /[\u0000-\u001f\u007f\u2028\u2029]/)
    assert.equal([...new Set(servicesNamedIn(text).map(({ namespace, name }) => `${namespace}/${name}`))], references)
  })

test("parseEntry() gives each address and each Service its own place", () => {
  const { value } = parse("addresses:\n  - 10.4.0.50\n  - 10.4.0.51\nservices:\n  - service: a/b\n    ports: [http]\n")
  assert.equal(
    value.addresses.map(({ place }) => place),
    [
      { ...FIRST, line: 8, column: 9 },
      { ...FIRST, line: 9, column: 9 },
    ],
  )
  assert.equal(value.services[0]?.place, { ...FIRST, line: 11, column: 18 })
  assert.equal(value.services[0]?.ports?.[0]?.place, { ...FIRST, line: 12, column: 17 })
})

test("parseEntry() names the entry where the lines of the value are not lines of the file", () => {
  const { problems } = parseEntry(rawEntry("web", "addresses: []\nservices: 1", { place: KEY }))
  assert.equal(
    problems.map(({ place }) => place),
    [KEY, KEY],
  )
  assert.match(problems[1]?.message ?? "", /^Cannot read "services" of "web": it is the number 1 \(expected a list/)
})

test("parseEntry() refuses a mapping under an address", () => {
  const { problems, value } = parse("addresses: [10.4.0.51]\nservices: []", "10.4.0.50")
  assert.equal(
    problems.map(({ code }) => code),
    ["BAD_ENTRY_NAME"],
  )
  assert.is(value.name, "10.4.0.50")
})

test("parseEntry() says what a user may have meant", () => {
  const hints: readonly (readonly [text: string, hint: RegExp])[] = [
    ["adresses: [10.4.0.50]\nservices: []", /did you mean "addresses"\?$/],
    ["address: 10.4.0.50\naddresses: [10.4.0.51]\nservices: []", /did you mean "addresses"\?$/],
    ["addresses: [10.4.0.50]\nservices: [{service: a/b, targetPort: 80}]", /it has service, method, ports, scheduler/],
    [
      "addresses: [10.4.0.50]\nservices: []\ninterface: eth0",
      /does not support this field .* yet; it has addresses, services$/,
    ],
    ["addresses: [10.4.0.50]\nservices: [{service: a/b:DR}]", /expected service: a\/b and method: DR\)$/],
  ]
  for (const [text, hint] of hints) {
    const messages = parse(text).problems.map(({ message }) => message)
    assert.ok(
      messages.some((message) => hint.test(message)),
      messages.join("\n"),
    )
  }
})

test("parseEntry() reads no mapping of more than 64 KiB, and no list of more than its maximum", () => {
  const services = (count: number) =>
    Array.from({ length: count }, (_, at) => `  - service: default/s-${at}\n`).join("")
  const codesOf = (text: string) => parse(text).problems.map(({ code, place }) => `${code} ${place?.line}`)
  assert.equal(codesOf(`addresses: [10.4.0.50]\nservices:\n${services(1_000)}`), [])
  assert.equal(codesOf(`addresses: [10.4.0.50]\nservices:\n${services(1_001)}`), ["TOO_MANY_SERVICES 9"])
  const many = Array.from({ length: 101 }, (_, at) => `10.4.1.${at}`).join(", ")
  assert.equal(codesOf(`addresses: [${many}]\nservices: []`), ["BAD_FIELD 7"])
  assert.equal(codesOf(`addresses: [10.4.0.50]\nservices: []\n${"#".repeat(64 * 1024)}`), ["TOO_MANY_SERVICES 6"])
})

test("isLongForm() takes no line of the short form for a mapping, and no mapping for lines", () => {
  for (const { text } of TAKEN) assert.is(isLongForm("10.4.0.50", text) || isLongForm("web", text), false, text)
  for (const { key, text, code } of REFUSED) assert.is(isLongForm(key, text), code === "BAD_ENTRY_NAME", text)
  for (const { text } of TAKEN_MAPPINGS) assert.is(isLongForm("web", text), true, text)
  for (const [text] of REFUSED_MAPPINGS) assert.is(isLongForm("web", text), true, text)
})

const word = fc.constantFrom(
  ...[
    "addresses",
    "services",
    "service",
    "method",
    "ports",
    "port",
    "servicePort",
    "scheduler",
    "persistence",
    "group",
  ],
  ...YAML_MARKS,
  ...[": ", ":", "\n  ", "&a ", "*a", "!t ", "<<", "#", "\r\n", '"', "'", "|", "? "],
  ...[
    "10.4.0.50",
    "10.4.0.51",
    "127.0.0.1",
    "default/web",
    "a/b:DR",
    "NAT",
    "TUN",
    "wlc",
    "80",
    "070",
    "__proto__",
    "null",
  ],
)
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(word, { maxLength: 40 }).map((words) => words.join("")),
  fc
    .array(word, { maxLength: 30 })
    .map((words) => `addresses: [10.4.0.50]\nservices:\n  - service: default/web\n${words.join("")}`),
)

test("parseEntry() reads every text without a fault, declares only addresses and Services that are written, and is pure", () => {
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom("web", "10.4.0.50", "__proto__"), fc.string()), text, (key, value) => {
      const { value: declared, problems } = parse(value, key)
      for (const address of declared.addresses) assert.ok(`${key} ${value}`.includes(address.text), address.text)
      for (const { namespace, name } of declared.services)
        assert.ok(value.replaceAll("\\", "").includes(name) && value.includes(namespace), `${namespace}/${name}`)
      for (const { message } of problems) assert.not.match(message, /[\u0000-\u001f\u007f\u2028\u2029]/)
      servicesNamedIn(value)
      const again = parse(value, key)
      assert.equal(again.problems, problems)
      assert.equal(again.value, declared)
    }),
    { numRuns: 3_000 },
  )
})

test.run()
