import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { createModelBuilder } from "../../../src/core/model/build-model.ts"
import type { ModelInput } from "../../../src/core/model/types.ts"
import type { Endpoint } from "../../../src/core/objects/kinds.ts"
import { cluster, endpoint, id, input, node, service, SETTINGS, vipsIn } from "../fixture.ts"

const NODES = ["n1", "n2", "n3", "n4"].map((name, at) => node(name, `10.4.0.${at + 1}`))
const on = (address: string, nodeName: string | null, conditions: Partial<Endpoint["conditions"]> = {}): Endpoint => ({
  ...endpoint(address, conditions),
  nodeName,
})
const DRAINS = { ready: false, serving: true, terminating: true }

const given = (endpoints: readonly Endpoint[], unreachable: readonly string[], more: Partial<ModelInput> = {}) =>
  input({ "10.4.0.50": "default/a" }, cluster([service("a", { endpoints })], NODES), {
    unreachable: new Set(unreachable),
    ...more,
  })
const weightsOf = (one: ModelInput) =>
  vipsIn(createModelBuilder(SETTINGS)(one).model)[0]
    ?.virtualServers[0]?.realServers.map((real) => `${real.address}=${real.weight}`)
    .join(" ")

const cases: [name: string, endpoints: Endpoint[], unreachable: string[], weights: string][] = [
  ["one of two nodes", [on("10.2.1.1", "n1"), on("10.2.2.1", "n2")], ["n2"], "10.2.1.1=1 10.2.2.1=0"],
  ["the only node", [on("10.2.2.1", "n2"), on("10.2.2.2", "n2")], ["n2"], "10.2.2.1=1 10.2.2.2=1"],
  ["both nodes", [on("10.2.1.1", "n1"), on("10.2.2.1", "n2")], ["n1", "n2"], "10.2.1.1=1 10.2.2.1=1"],
  ["an endpoint without a node", [on("10.2.1.1", null), on("10.2.2.1", "n2")], ["n2"], "10.2.1.1=1 10.2.2.1=0"],
  ["a node without endpoints", [on("10.2.1.1", "n1"), on("10.2.2.1", "n2")], ["n3"], "10.2.1.1=1 10.2.2.1=1"],
  [
    "the node of all that are ready, while one drains elsewhere",
    [on("10.2.1.1", "n1", DRAINS), on("10.2.2.1", "n2")],
    ["n2"],
    "10.2.1.1=0 10.2.2.1=1",
  ],
  [
    "the other node, but what is there is the VIP itself",
    [on("10.4.0.50", "n1"), on("10.2.2.1", "n2")],
    ["n2"],
    "10.2.2.1=1",
  ],
]
for (const [name, endpoints, unreachable, weights] of cases)
  test(`createModelBuilder() with ${name} unreachable`, () => {
    assert.is(weightsOf(given(endpoints, unreachable)), weights)
  })

test("createModelBuilder() does not drain a real server because its node is unreachable", () => {
  const { model } = createModelBuilder(SETTINGS)(given([on("10.2.1.1", "n1"), on("10.2.2.1", "n2")], ["n2"]))
  assert.equal(
    vipsIn(model)[0]?.virtualServers[0]?.realServers.map(({ draining }) => draining),
    [false, false],
  )
})

test("createModelBuilder() reports an unreachable node once, if a Service has pods there", () => {
  const services = [
    service("a", { endpoints: [on("10.2.2.1", "n2")] }),
    service("b", { endpoints: [on("10.2.2.2", "n2")] }),
  ]
  const objects = cluster(services, NODES)
  const entries = { "10.4.0.50": "default/a", "10.4.0.51": "default/b" }
  const { problems } = createModelBuilder(SETTINGS)(input(entries, objects, { unreachable: new Set(["n2", "n3"]) }))
  assert.equal(
    problems.map(({ code, severity, message }) => [code, severity, message]),
    [
      [
        "NODE_UNREACHABLE",
        "warning",
        'Cannot reach node "n2" (10.4.0.2): it does not answer; new connections avoid its pods until it answers again, unless a virtual server has no other pods',
      ],
    ],
  )
})

test("createModelBuilder() gives the same model as a new builder after a node goes and comes back", () => {
  const build = createModelBuilder(SETTINGS)
  const endpoints = [on("10.2.1.1", "n1"), on("10.2.2.1", "n2")]
  const { objects } = given(endpoints, [])
  for (const unreachable of [[], ["n2"], ["n2", "n3"], ["n1"], [], ["n1", "n2"], ["n3"]]) {
    const one = { ...given(endpoints, unreachable), objects }
    assert.equal(build(one), createModelBuilder(SETTINGS)(one))
  }
  // An entry whose nodes are as before is not walked again.
  const first = build({ ...given(endpoints, ["n2"]), objects }).entries[0]
  assert.is(build({ ...given(endpoints, ["n2", "n4"]), objects }).entries[0]?.vip, first?.vip)
})

test("createModelBuilder() holds the last good form with the same weights", () => {
  const endpoints = [on("10.2.1.1", "n1"), on("10.2.2.1", "n2")]
  const vip = vipsIn(createModelBuilder(SETTINGS)(given(endpoints, [])).model)[0]
  if (vip === undefined) throw new Error("the fixture has no VIP")
  const broken = input({ "10.4.0.50": "default/a:DRAG" }, given(endpoints, []).objects, {
    lastGood: new Map([[id("10.4.0.50"), { text: "default/a", vip }]]),
    unreachable: new Set(["n2"]),
  })
  assert.is(weightsOf(broken), "10.2.1.1=1 10.2.2.1=0")
})

test("createModelBuilder() always keeps a usable real server, for any set of unreachable nodes", () => {
  const anyEndpoint = fc
    .tuple(
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom("n1", "n2", "n3", "n4", null),
      fc.constantFrom({}, {}, {}, DRAINS, { ready: false }),
    )
    .map(([at, name, conditions]) => on(`10.2.1.${at}`, name, conditions))
  let spared = 0
  fc.assert(
    fc.property(
      fc.array(anyEndpoint, { maxLength: 8 }),
      fc.uniqueArray(fc.constantFrom("n1", "n2", "n3", "n4")),
      (endpoints, unreachable) => {
        const serverOf = (names: readonly string[]) =>
          vipsIn(createModelBuilder(SETTINGS)(given(endpoints, names)).model)[0]?.virtualServers[0]?.realServers ?? []
        const [with0, without] = [serverOf(unreachable), serverOf([])]
        const names = (servers: typeof without) => servers.map(({ address }) => address)
        assert.equal(names(with0), names(without))
        if (without.length > 0) assert.ok(with0.some(({ weight }) => weight === 1))
        // No weight is larger than it would be if all nodes answered.
        with0.forEach(({ weight }, at) => assert.ok(weight <= (without[at]?.weight ?? 0)))
        if (unreachable.length === 4 && without.length > 0) spared += 1
      },
    ),
    { numRuns: 2_000 },
  )
  assert.ok(spared > 0)
})

test.run()
