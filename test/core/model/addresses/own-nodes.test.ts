import { test } from "uvu"
import * as assert from "uvu/assert"
import { createModelBuilder } from "../../../../src/core/model/build-model.ts"
import type { ModelInput } from "../../../../src/core/model/types.ts"
import {
  createOwnNodes,
  NO_PAST,
  nodeAddressOf,
  ownNodesOf,
  type Past,
} from "../../../../src/core/model/addresses/own-nodes.ts"
import { cluster, configMap, input, instanceIn, node, service, SETTINGS, vipsIn } from "../../fixture.ts"

const VIP = "10.4.0.50"
const past: Past = {
  announced: new Set([VIP]),
  nodes: new Map([
    ["n1", "10.4.0.3"],
    ["n2", "10.4.0.4"],
  ]),
  instances: [],
}
/** A Node that lists these addresses, in this order. */
const listing = (name: string, ...addresses: string[]) => {
  const one = node(name, "")
  const status = { addresses: addresses.map((address) => ({ type: "InternalIP", address })) }
  return { ...one, object: { ...one.object, status } }
}
const own = (listed: readonly ReturnType<typeof listing>[], known: Past = past) =>
  ownNodesOf({ nodes: listed, configMaps: [configMap({ [VIP]: "default/a" })], past: known })
const addresses = (listed: readonly ReturnType<typeof listing>[], known: Past = past) =>
  own(listed, known).nodes.map(({ object }) => nodeAddressOf(object))

const cases: [name: string, listed: string[], address: string | null][] = [
  ["lists the VIP alone, as a kubelet without --node-ip does", [VIP], "10.4.0.3"],
  ["lists the VIP beside its own, as a cloud provider does", ["10.4.0.3", VIP], "10.4.0.3"],
  ["lists the VIP first", [VIP, "10.4.0.3"], "10.4.0.3"],
  ["lists the VIP in another spelling", [`::ffff:${VIP}`], "10.4.0.3"],
  ["lists its own address in another spelling", ["::ffff:a04:3"], "10.4.0.3"],
  ["lists the anchor", ["169.254.50.1", "10.4.0.3"], "10.4.0.3"],
  ["lists the anchor of another virtual router", ["169.254.51.1", "10.4.0.3"], "10.4.0.3"],
  ["has a new address beside the VIP", [VIP, "10.4.0.9"], "10.4.0.9"],
]
for (const [name, listed, address] of cases)
  test(`ownNodesOf() finds the address of a Node that ${name} (fault 200)`, () =>
    assert.equal(addresses([listing("n1", ...listed)]), [address]))

test("ownNodesOf() has no address for an unknown Node that lists only a VIP (fault 200)", () =>
  assert.equal(addresses([listing("n9", VIP)]), [null]))

test("ownNodesOf() puts possible echoes last if nothing ran before", () => {
  assert.equal(addresses([listing("n1", VIP, "10.4.0.3")], NO_PAST), ["10.4.0.3"])
  const genuine = { ...NO_PAST, nodes: new Map([["n1", VIP]]) }
  assert.equal(addresses([listing("n1", VIP, "10.9.0.3")], genuine), [VIP])
})

test("ownNodesOf() returns Nodes unchanged if none lists an address of ours", () => {
  const nodes = [listing("n1", "10.4.0.3", "fd00::3"), listing("n2", "10.4.0.4")]
  assert.is(own(nodes).nodes, nodes)
})

test("ownNodesOf() returns the earlier Nodes when there are none now (fault 203)", () => {
  assert.equal(addresses([]), ["10.4.0.3", "10.4.0.4"])
  assert.is(own([]).isRemembered, true)
})

test("createOwnNodes() answers an equal question with the same objects", () => {
  const ownNodes = createOwnNodes()
  const question = { nodes: [listing("n1", VIP)], configMaps: [configMap({})], past }
  assert.is(ownNodes(question), ownNodes({ ...question, past: { ...past, announced: new Set([VIP]) } }))
})

const build = (given: ModelInput, settings: Partial<typeof SETTINGS> = {}) =>
  createModelBuilder({ ...SETTINGS, ...settings })(given)
const problemsOf = (given: ModelInput) => build(given).problems.map(({ code, severity }) => `${severity} ${code}`)

for (const listed of [[VIP], ["10.4.0.3", VIP], [`::ffff:${VIP}`]])
  test(`createModelBuilder() keeps a VIP that a Node lists as ${listed.join(" and ")}, and warns (fault 200)`, () => {
    const objects = cluster([service("a")], [listing("n1", ...listed), node("n2", "10.4.0.4")])
    const given = input({ [VIP]: "default/a" }, objects, { past })
    const { model, problems, entries } = build(given, { useUnicast: true })
    assert.equal(
      vipsIn(model).map(({ address }) => address),
      [VIP],
    )
    assert.is(entries[0]?.state, "good")
    assert.equal(
      problems.map(({ code, severity }) => [code, severity]),
      [["VIP_LISTED_BY_NODE", "warning"]],
    )
    assert.match(problems[0]?.message ?? "", /--node-ip.*exclude list/)
    assert.equal(
      [instanceIn(model).priority, instanceIn(model).unicast],
      [254, { source: "10.4.0.3", peers: ["10.4.0.4"] }],
    )
  })

test("createModelBuilder() refuses a new entry with an address that a Node had before, in any spelling (fault 201)", () => {
  for (const spelling of ["10.4.0.60", "::ffff:10.4.0.60"]) {
    const objects = cluster([service("a")], [listing("n1", "10.4.0.3", spelling)])
    const given = input({ [VIP]: "default/a", "10.4.0.60": "default/a" }, objects, { past })
    assert.equal(problemsOf(given), ["error VIP_IS_NODE_ADDRESS"])
    assert.equal(
      vipsIn(build(given).model).map(({ address }) => address),
      [VIP],
    )
  }
})

test("createModelBuilder() keeps rank and peers when an entry has a Node's address (fault 201)", () => {
  const nodes = [listing("n1", "10.4.0.3", "10.9.0.3"), node("n2", "10.4.0.4")]
  const given = input({ "10.4.0.3": "" }, cluster([], nodes), { past })
  assert.is(instanceIn(build(given, { useUnicast: true }).model).unicast?.source, "10.4.0.3")
})

test("createModelBuilder() does not rank by remembered Nodes (fault 203)", () => {
  const before = build(input({ [VIP]: "" }, cluster([], [node("n1", "10.4.0.9"), node("n2", "10.4.0.4")]))).model
  assert.is(instanceIn(before).priority, 246)
  const known = { ...past, instances: [instanceIn(before)] }
  const { model, problems } = build(input({ [VIP]: "" }, cluster([]), { past: known }))
  assert.is(instanceIn(model).priority, 246)
  assert.equal(
    problems.map(({ code, severity }) => [code, severity]),
    [["NODES_LOST", "warning"]],
  )
})

test.run()
