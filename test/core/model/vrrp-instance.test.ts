import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { priorityOf, vrrpInstanceOf } from "../../../src/core/model/vrrp-instance.ts"
import { node, SETTINGS } from "../fixture.ts"

const facts = (name: string) => ({ name, interface: "eth0", ipvs: true })
const nodes = [node("c", "10.4.0.10"), node("a", "10.4.0.9"), node("b", "10.4.0.11")]

const ranks: [rank: number, nodes: number, priority: number][] = [
  [0, 1, 254],
  [0, 2, 254],
  [1, 2, 246],
  [2, 3, 238],
  [31, 32, 6],
  [253, 254, 1],
  [400, 500, 1],
]
for (const [rank, count, priority] of ranks)
  test(`priorityOf() gives rank ${rank} of ${count} ${priority}`, () => assert.is(priorityOf(rank, count), priority))

test("priorityOf() falls with the rank and never leaves 1 to 254", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 254 }), (count) => {
      const all = Array.from({ length: count }, (_, rank) => priorityOf(rank, count))
      return all.every((one, rank) => one >= 1 && one <= 254 && (rank === 0 || one < (all[rank - 1] ?? 0)))
    }),
  )
})

test("vrrpInstanceOf() ranks by address as a number, whatever the order of the Nodes", () => {
  const priorities = (list: typeof nodes) =>
    ["a", "c", "b"].map((name) => vrrpInstanceOf(list, facts(name), SETTINGS).value?.priority)
  assert.equal(priorities(nodes), [254, 246, 238])
  assert.equal(priorities(nodes.toReversed()), [254, 246, 238])
})

test("vrrpInstanceOf() takes all other nodes as unicast peers", () => {
  const { value } = vrrpInstanceOf(nodes, facts("b"), { ...SETTINGS, useUnicast: true })
  assert.equal(value?.unicast, { source: "10.4.0.11", peers: ["10.4.0.9", "10.4.0.10"] })
})

test("vrrpInstanceOf() names a peer once, and none that no neighbour can be, whatever Nodes say", () => {
  const said = ["10.4.0.9", "10.4.0.9", "10.4.0.11", "127.0.0.1", "0.0.0.0", "224.0.0.18", "169.254.50.1", "10.4.0.10"]
  const list = said.map((address, at) => node(`n${at}`, address))
  const { value } = vrrpInstanceOf(list, facts("n2"), { ...SETTINGS, useUnicast: true })
  assert.equal(value?.unicast, { source: "10.4.0.11", peers: ["10.4.0.9", "10.4.0.10"] })
  const alone = vrrpInstanceOf([node("a", "10.4.0.9"), node("b", "10.4.0.9")], facts("a"), {
    ...SETTINGS,
    useUnicast: true,
  })
  assert.is(alone.value?.unicast, null)
})

test("vrrpInstanceOf() never has an empty list of peers", () => {
  for (const list of [[], [node("a", "10.4.0.9")]]) {
    const { value, problems } = vrrpInstanceOf(list, facts("a"), { ...SETTINGS, useUnicast: true })
    assert.is(value?.unicast, null)
    assert.equal(
      problems.map((one) => one.code),
      ["UNICAST_NEEDS_PEERS"],
    )
  }
})

test("vrrpInstanceOf() prefers the InternalIP, as floating addresses are on no interface", () => {
  const both = node("a", "10.4.0.9")
  const external = { type: "ExternalIP", address: "203.0.113.9" }
  const status = { addresses: [external, ...both.object.status.addresses] }
  const { value } = vrrpInstanceOf(
    [{ ...both, object: { ...both.object, status } }, node("b", "10.4.0.8")],
    facts("a"),
    {
      ...SETTINGS,
      useUnicast: true,
    },
  )
  assert.is(value?.unicast?.source, "10.4.0.9")
})

test("vrrpInstanceOf() has the anchor of its virtual router ID", () => {
  assert.is(vrrpInstanceOf([], facts("a"), { ...SETTINGS, virtualRouterId: 77 }).value?.anchor, "169.254.77.1")
})

test.run()
