import { test } from "uvu"
import * as assert from "uvu/assert"
import { createModelBuilder } from "../../../../src/core/model/build-model.ts"
import { vipsOf } from "../../../../src/core/model/keepalived-model.ts"
import type { ConfigMap, Placed } from "../../../../src/core/objects/kinds.ts"
import { cluster, configMap, input, service, SETTINGS } from "../../fixture.ts"

const VIP = "10.4.0.50"
const OBJECTS = cluster([service("a"), service("b")])

/** A ConfigMap of this name with one entry for the same address. */
function named(name: string, text: string): Placed<ConfigMap> {
  const one = configMap({ [VIP]: text })
  return { ...one, object: { ...one.object, metadata: { ...one.object.metadata, name } } }
}

const cases: readonly [what: string, texts: readonly string[], states: string, services: string | null][] = [
  ["two good entries", ["default/a", "default/b"], "good left-out", "default/a"],
  ["the same entries in another order", ["default/b", "default/a"], "good left-out", "default/b"],
  ["a broken entry before a good one", ["default/a:NATX", "default/b"], "left-out good", "default/b"],
  ["a good entry before a broken one", ["default/a", "default/b:NATX"], "good left-out", "default/a"],
  ["an entry without Services before one with them", ["", "default/b"], "good left-out", ""],
  ["two broken entries", ["default/a:NATX", "default/none"], "left-out left-out", null],
  ["three entries", ["default/none", "default/b", "default/a"], "left-out good left-out", "default/b"],
]
for (const [what, texts, states, services] of cases)
  test(`createModelBuilder() gives an address to the first entry that can run: ${what}`, () => {
    const configMaps = texts.map((text, at) => named(`vips-${at}`, text))
    const { entries, model } = createModelBuilder(SETTINGS)(input({}, OBJECTS, { configMaps }))
    assert.is(entries.map(({ state }) => state).join(" "), states)
    assert.ok(model !== null)
    const found = vipsOf(model).map(({ virtualServers }) => virtualServers.map((one) => one.service).join())
    assert.equal(found, services === null ? [] : [services])
  })

test("createModelBuilder() names both objects, and what to do, for an address that two entries name", () => {
  const configMaps = [named("first", "default/a"), named("second", "default/b")]
  const { problems } = createModelBuilder(SETTINGS)(input({}, OBJECTS, { configMaps }))
  assert.equal(
    problems.map(({ code, path }) => [code, ...path].join(" ")),
    [`ADDRESS_DECLARED_TWICE ConfigMap default/second data ${VIP}`],
  )
  assert.is(
    problems[0]?.message,
    `Cannot announce ${VIP} for ConfigMap default/second: entry "${VIP}" of ConfigMap default/first (vips.yaml:6:3) has this address, and its ConfigMap comes first in --services-configmap; remove one of the two entries, or choose another address`,
  )
})

test("createModelBuilder() keeps the address of a held entry from an entry of a later ConfigMap", () => {
  const build = createModelBuilder(SETTINGS)
  const { model } = build(input({}, OBJECTS, { configMaps: [named("first", "default/a")] }))
  const [vip] = model === null ? [] : vipsOf(model)
  assert.ok(vip !== undefined)
  const lastGood = new Map([[vip.id, { text: "default/a", vip }]])
  const configMaps = [named("first", "default/a:NATX"), named("second", "default/b")]
  const { entries } = build(input({}, OBJECTS, { configMaps, lastGood }))
  assert.equal(
    entries.map(({ state }) => state),
    ["held", "left-out"],
  )
})

test.run()
