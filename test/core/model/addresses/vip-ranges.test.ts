import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { createModelBuilder } from "../../../../src/core/model/build-model.ts"
import type { LastGoodEntry } from "../../../../src/core/model/last-good.ts"
import { isAllowed, parseVipRanges } from "../../../../src/core/address/ranges.ts"
import { cluster, id, input, node, service, SETTINGS, vipsIn } from "../../fixture.ts"

const rows: readonly [ranges: string, allowed: readonly string[], outside: readonly string[]][] = [
  ["any", ["10.4.0.1", "203.0.113.9"], []],
  ["10.4.0.48/28", ["10.4.0.48", "10.4.0.63"], ["10.4.0.47", "10.4.0.64", "11.4.0.48"]],
  ["10.4.0.80", ["10.4.0.80"], ["10.4.0.79", "10.4.0.81"]],
  ["10.4.0.48/28,192.168.0.0/16", ["10.4.0.50", "192.168.255.255"], ["192.167.255.255", "10.4.0.1"]],
  ["0.0.0.0/0", ["1.0.0.1", "223.255.255.254"], []],
  ["255.255.255.255/32", ["255.255.255.255"], ["255.255.255.254"]],
]
for (const [text, allowed, outside] of rows)
  test(`isAllowed() with ${text}`, () => {
    const ranges = parseVipRanges(text)
    assert.ok(ranges !== null)
    for (const address of allowed) assert.ok(isAllowed(address, ranges), address)
    for (const address of outside) assert.not.ok(isAllowed(address, ranges), address)
  })

for (const text of [
  "",
  "all",
  "10.4.0.50/28",
  "10.4.0.0/33",
  "10.4.0.0/",
  "10.4.0",
  "10.4.0.048/28",
  "10.4.0.0/24,",
  "10.4.0.0/24 ",
  "::/0",
  "10.4.0.0/024",
])
  test(`parseVipRanges() refuses ${JSON.stringify(text)}`, () => assert.is(parseVipRanges(text), null))

const settings = { ...SETTINGS, vipRanges: parseVipRanges("10.4.0.48/28") ?? [] }
const objects = cluster([service("a"), service("b")], [node("n1", "10.4.0.3")])

test("createModelBuilder() leaves out a VIP outside --vip-ranges, and does not change its neighbour", () => {
  const { model, problems } = createModelBuilder(settings)(
    input({ "10.4.0.1": "default/a", "10.4.0.50": "default/b", "10.4.0.3": "", "10.4.0.999": "" }, objects),
  )
  assert.equal(
    vipsIn(model).map(({ address }) => address),
    ["10.4.0.50"],
  )
  assert.equal(
    problems.map(({ code }) => code),
    ["VIP_OUTSIDE_RANGES", "VIP_IS_NODE_ADDRESS", "BAD_ADDRESS"],
  )
})

test("createModelBuilder() does not hold the last good form of a VIP that --vip-ranges no longer allows", () => {
  const before = vipsIn(createModelBuilder(SETTINGS)(input({ "10.4.0.1": "default/a" }, objects)).model)[0]
  assert.ok(before !== undefined)
  const lastGood = new Map<string, LastGoodEntry>([[id("10.4.0.1"), { text: "default/a", vip: before }]])
  for (const text of ["default/a", "default/a:NATX"]) {
    const { model, entries } = createModelBuilder(settings)(input({ "10.4.0.1": text }, objects, { lastGood }))
    assert.is(entries[0]?.state, "left-out")
    assert.equal(vipsIn(model), [])
  }
})

test("createModelBuilder() announces nothing outside --vip-ranges, for any ConfigMap", () => {
  const byte = fc.integer({ min: 0, max: 255 })
  const address = fc.tuple(byte, byte, byte, byte).map((parts) => parts.join("."))
  const near = fc.integer({ min: 40, max: 70 }).map((last) => `10.4.0.${last}`)
  const keys = fc.oneof(address, near, fc.string({ maxLength: 12 }))
  fc.assert(
    fc.property(fc.dictionary(keys, fc.constantFrom("", "default/a", "default/b:DR", "x")), (data) => {
      const { model } = createModelBuilder(settings)(input(data, objects))
      for (const vip of vipsIn(model) ?? []) assert.match(vip.address, /^10\.4\.0\.(?:4[89]|5\d|6[0-3])$/)
    }),
  )
})

test.run()
