import { test } from "uvu"
import * as assert from "uvu/assert"

import { classicProblems } from "../../../../src/core/model/addresses/advertised.ts"
import { createModelBuilder } from "../../../../src/core/model/build-model.ts"
import type { Holder } from "../../../../src/core/model/addresses/others.ts"
import type { ModelInput } from "../../../../src/core/model/types.ts"
import { cluster, input, service, SETTINGS } from "../../fixture.ts"

const build = (given: ModelInput) => createModelBuilder({ ...SETTINGS, layout: "classic" })(given)

function advertised(given: ModelInput): readonly string[] | null | undefined {
  return build(given).model?.instances[0]?.advertised
}

test("the classic layout advertises all VIPs, and those alone", () => {
  const given = input({ "10.4.0.100": "", "10.4.0.9": "default/a" }, cluster([service("a")]))
  assert.equal(advertised(given), ["10.4.0.9", "10.4.0.100"])
  assert.is(createModelBuilder(SETTINGS)(given).model?.instances[0]?.advertised, null)
})

const gone = new Map([["10.4.0.51", new Map([["10.4.0.51 80 TCP", [{ address: "10.2.1.12", port: 8080 }]]])]])
for (const [what, draining] of [
  ["no pod", new Map()],
  ["a draining pod alone", gone],
] as const)
  test(`the classic layout does not advertise the VIP of a Service with ${what}, as 0.35 does not, but keeps it`, () => {
    const objects = cluster([service("a"), service("b", { endpoints: [] })])
    const given = { ...input({ "10.4.0.50": "default/a", "10.4.0.51": "default/b" }, objects), draining }
    assert.equal(advertised(given), ["10.4.0.50"])
    const vips = build(given).model?.instances[0]?.vips ?? []
    assert.equal(
      vips.map(({ address, virtualServers }) => [address, virtualServers.length]),
      [
        ["10.4.0.50", 1],
        ["10.4.0.51", draining.size],
      ],
    )
  })

test("the classic layout has room for 255 VIPs", () => {
  const many = (count: number) =>
    input(
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`10.4.${at >> 7}.${(at & 127) + 1}`, ""])),
      cluster([]),
    )
  assert.is(advertised(many(255))?.length, 255)
  const { model, problems } = build(many(256))
  assert.is(model, null)
  assert.equal(
    problems.map(({ code, message }) => [code, message]),
    [
      [
        "TOO_MANY_VIPS",
        "Cannot announce 256 VIPs with --layout classic: an advert has room for 255; what runs is kept; use --layout anchor, or fewer entries",
      ],
    ],
  )
})

const holder: Holder = { kind: "host", interface: "eth0", prefixLength: 32 }
const others = { addresses: new Map([["10.4.0.51", holder]]), virtualServers: new Set<string>() }

test("the classic layout announces nothing on a node that alone lacks a VIP (fault 290)", () => {
  const given = { ...input({ "10.4.0.50": "", "10.4.0.51": "" }, cluster([])), others }
  const { model, problems } = build(given)
  assert.is(model, null)
  assert.equal(
    problems.map(({ code }) => code),
    ["VIPS_DIFFER", "ADDRESS_ON_HOST"],
  )
  assert.match(problems[0]?.message ?? "", "1 entry cannot run on this node alone (10.4.0.51)")
  assert.ok(createModelBuilder(SETTINGS)(given).model !== null)
})

test("the classic layout goes on with an entry that is held on this node alone: its VIP is announced", () => {
  const [entry] = build(input({ "10.4.0.50": "" }, cluster([]))).entries
  const [onHost] = build({ ...input({ "10.4.0.51": "" }, cluster([])), others }).problems.slice(-1)
  assert.is(onHost?.code, "ADDRESS_ON_HOST")
  const held = { ...entry!, problems: [onHost!] }
  assert.equal(classicProblems(["10.4.0.50"], [held]), [])
  assert.is(classicProblems([], [{ ...held, vip: null }])[0]?.code, "VIPS_DIFFER")
})

test("the classic layout goes on without an entry that is broken for all nodes", () => {
  const given = input({ "10.4.0.50": "", "10.4.0.51": "default/absent", "127.0.0.1": "" }, cluster([]))
  assert.equal(advertised(given), ["10.4.0.50"])
})

test.run()
