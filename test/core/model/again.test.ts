import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { createModelBuilder } from "../../../src/core/model/build-model.ts"
import type { ModelInput } from "../../../src/core/model/types.ts"
import type { LastGoodEntry } from "../../../src/core/model/last-good.ts"
import type { Refusal } from "../../../src/core/model/refusal.ts"
import type { ServiceObjects } from "../../../src/core/objects/kinds.ts"
import { cluster, configMap, endpoint, id, input, node, service, SETTINGS, vipsIn } from "../fixture.ts"

const DRAINS = { ready: false, serving: true, terminating: true }

/** The objects that a step may have: the same object again is what did not change. */
const a = [
  service("a"),
  service("a", { addresses: ["10.2.5.5", "10.2.5.6"] }),
  service("a", {
    endpoints: [
      { ...endpoint("10.2.1.1"), nodeName: "n1" },
      { ...endpoint("10.2.2.1"), nodeName: "n2" },
    ],
  }),
  service("a", { endpoints: [endpoint("10.2.1.1", DRAINS), endpoint("10.2.2.1")] }),
  service("a", { addresses: [] }),
  service("a", { clusterIP: "None" }),
  null,
]
const b = [
  service("b"),
  service("b", {
    ports: [
      { name: "x", port: 81 },
      { name: "y", port: 82 },
    ],
  }),
  null,
]
const LONG =
  "addresses: [10.4.0.50, 10.4.0.51]\nservices: [{service: default/a, method: DR}, {service: default/b, ports: [x]}]"
const configMapLists = [
  [configMap({ "10.4.0.50": "default/a", "10.4.0.49": "default/b", "10.4.0.51": "default/a\ndefault/b" })],
  [configMap({ "10.4.0.50": "default/a", "10.4.0.49": "default/b", "10.4.0.51": "" })],
  [configMap({ "10.4.0.50": "default/a:DR", foo: "default/b", "10.4.0.3": "default/b" })],
  [configMap({ "10.4.0.49": "default/b" }, "1")],
  [configMap({ web: LONG, "10.4.0.49": "default/b" })],
  [configMap({ "10.4.0.50": "default/a", web: LONG, api: LONG.replace("10.4.0.50", "10.4.0.3") })],
]
const nodes = [[], [node("n1", "10.4.0.3"), node("n2", "10.4.0.4")], [node("n1", "10.4.0.50")]]
const draining: ModelInput["draining"][] = [
  new Map(),
  new Map([["10.4.0.50", new Map([["10.4.0.50 80 TCP", [{ address: "10.2.9.9", port: 8080 }]]])]]),
  new Map([["10.4.0.50", new Map([["10.4.0.50 80 TCP", [{ address: "10.2.9.8", port: 8080 }]]])]]),
  new Map([["10.4.0.77", new Map()]]),
]
const lastGood = ((): LastGoodEntry => {
  const built = createModelBuilder(SETTINGS)(input({ "10.4.0.50": "default/a" }, cluster([service("a")])))
  const vip = vipsIn(built.model)[0]
  if (vip === undefined) throw new Error("the fixture has no VIP")
  return { text: "default/a", vip }
})()

const anyStep = fc.record({
  a: fc.constantFrom(...a),
  b: fc.constantFrom(...b),
  configMaps: fc.constantFrom(...configMapLists),
  nodes: fc.constantFrom(...nodes),
  draining: fc.constantFrom(...draining),
  unreachable: fc.constantFrom(new Set<string>(), new Set(["n1"]), new Set(["n1", "n2"]), new Set(["n3"])),
  refused: fc.constantFrom(
    new Map<string, Refusal>(),
    new Map<string, Refusal>([[id("10.4.0.50"), { code: "REFUSED_BY_KEEPALIVED", reason: "no such host" }]]),
  ),
  lastGood: fc.constantFrom(new Map<string, LastGoodEntry>(), new Map([[id("10.4.0.50"), lastGood]])),
  ipvs: fc.constantFrom(true, true, false),
})
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never

function inputOf({ a, b, nodes, ipvs, ...others }: Step): ModelInput {
  const services = [a, b].filter((one): one is ServiceObjects => one !== null)
  return { ...others, objects: cluster(services, nodes), node: { name: "n1", interface: "eth0", ipvs } }
}

/** Steps of which each changes one thing of the one before: what a day is made of. */
const anyDay = fc
  .tuple(
    anyStep,
    fc.array(
      fc.tuple(
        fc.constantFrom(
          ...(["a", "b", "configMaps", "nodes", "draining", "unreachable", "refused", "lastGood", "ipvs"] as const),
        ),
        anyStep,
      ),
      { maxLength: 12 },
    ),
  )
  .map(([first, changes]) => {
    const steps: Step[] = [first]
    for (const [what, other] of changes) steps.push({ ...(steps.at(-1) ?? first), [what]: other[what] })
    return steps
  })

test("createModelBuilder() gives the same model as a new builder at each step of a day", () => {
  fc.assert(
    fc.property(anyDay, (steps) => {
      const build = createModelBuilder(SETTINGS)
      for (const step of steps) assert.equal(build(inputOf(step)), createModelBuilder(SETTINGS)(inputOf(step)))
    }),
    { numRuns: 1000 },
  )
})

test("createModelBuilder() keeps the outcome object of an unchanged entry when other objects change", () => {
  const build = createModelBuilder(SETTINGS)
  const step: Step = {
    ...{ a: a[0] ?? null, b: b[0] ?? null, configMaps: configMapLists[1] ?? [], nodes: [], draining: new Map() },
    ...{ unreachable: new Set(), refused: new Map(), lastGood: new Map(), ipvs: true },
  }
  const first = build(inputOf(step))
  for (const change of [
    { a: a[1] ?? null },
    { draining: draining[1] ?? new Map() },
    { unreachable: new Set(["n3"]) },
  ]) {
    const next = build(inputOf({ ...step, ...change }))
    assert.is(next.entries[1], first.entries[1])
    assert.is(vipsIn(next.model)[0], vipsIn(first.model)[0])
  }
})

test.run()
