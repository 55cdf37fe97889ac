import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { modelSettingsFrom } from "../../../src/core/model/flags.ts"
import { priorityOf, electionOf } from "../../../src/core/model/vrrp-instance.ts"
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

test("electionOf() ranks by address as a number, in any order of the Nodes", () => {
  const priorities = (list: typeof nodes) =>
    ["a", "c", "b"].map((name) => electionOf(list, facts(name), { settings: SETTINGS }).value?.priority)
  assert.equal(priorities(nodes), [254, 246, 238])
  assert.equal(priorities(nodes.toReversed()), [254, 246, 238])
})

test("electionOf() takes all other nodes as unicast peers", () => {
  const { value } = electionOf(nodes, facts("b"), { settings: { ...SETTINGS, useUnicast: true } })
  assert.equal(value?.unicast, { source: "10.4.0.11", peers: ["10.4.0.9", "10.4.0.10"] })
})

test("electionOf() names a peer once, and only addresses that a neighbour can have", () => {
  const said = ["10.4.0.9", "10.4.0.9", "10.4.0.11", "127.0.0.1", "0.0.0.0", "224.0.0.18", "169.254.50.1", "10.4.0.10"]
  const list = said.map((address, at) => node(`n${at}`, address))
  const { value } = electionOf(list, facts("n2"), { settings: { ...SETTINGS, useUnicast: true } })
  assert.equal(value?.unicast, { source: "10.4.0.11", peers: ["10.4.0.9", "10.4.0.10"] })
  const alone = electionOf([node("a", "10.4.0.9"), node("b", "10.4.0.9")], facts("a"), {
    settings: { ...SETTINGS, useUnicast: true },
  })
  assert.is(alone.value?.unicast, null)
})

test("electionOf() never has an empty list of peers", () => {
  const { value, problems } = electionOf([node("a", "10.4.0.9")], facts("a"), UNICAST)
  assert.is(value?.unicast, null)
  assert.equal(
    problems.map(({ code, severity }) => [code, severity]),
    [["UNICAST_NEEDS_PEERS", "warning"]],
  )
})

const UNICAST = { settings: { ...SETTINGS, useUnicast: true } }
const RAN = electionOf(nodes, facts("b"), UNICAST).value

test("electionOf() waits at the very first start without Nodes (fault 203)", () => {
  for (const list of [[], [node("a", "10.4.0.9"), node("b", "fd00::4")]]) {
    const { value, problems } = electionOf(list, facts("a"), UNICAST)
    assert.is(value, null)
    assert.ok(problems.some(({ code, severity }) => code === "UNICAST_NEEDS_PEERS" && severity === "error"))
  }
})

test("electionOf() keeps the earlier peers and rank when all Nodes are gone (fault 203)", () => {
  const { value, problems } = electionOf([], facts("b"), { ...UNICAST, before: RAN })
  assert.equal(value, RAN)
  assert.is(value?.priority, 238)
  assert.equal(
    problems.map(({ code, severity }) => [code, severity]),
    [["UNICAST_NEEDS_PEERS", "warning"]],
  )
  const multicast = electionOf([], facts("b"), { settings: SETTINGS, before: RAN })
  assert.equal([multicast.value?.priority, multicast.value?.unicast], [238, null])
})

test("electionOf() never falls back to multicast when peers were known (fault 203)", () => {
  const { value } = electionOf([node("b", "10.4.0.11")], facts("b"), { ...UNICAST, before: RAN })
  assert.equal(value?.unicast, RAN?.unicast)
})

const HOST = [
  { interface: "eth0", address: "10.4.0.11", prefixLength: 24 },
  { interface: "eth1", address: "10.8.0.11", prefixLength: 24 },
]
const onEth1 = { ...facts("b"), interface: "eth1", host: HOST }

test("electionOf() refuses unicast between addresses of another interface, and names their interfaces (fault 204)", () => {
  const { value, problems } = electionOf(nodes, onEth1, UNICAST)
  assert.is(value, null)
  assert.equal(
    problems.map(({ code }) => code),
    ["UNICAST_OTHER_INTERFACE"],
  )
  assert.match(
    problems[0]?.message ?? "",
    /10\.4\.0\.11, the address of node "b", is on eth0, and eth1 has 10\.8\.0\.11\/24/,
  )
})

const annotated = (name: string, address: string, peerAddress: string) => {
  const one = node(name, address)
  return { ...one, object: { ...one.object, metadata: { name, peerAddress } } }
}

test("electionOf() takes the addresses that the Nodes' annotations name (fault 204)", () => {
  const list = [annotated("a", "10.4.0.9", "10.8.0.9"), annotated("b", "10.4.0.11", "::ffff:10.8.0.11")]
  assert.equal(electionOf(list, onEth1, UNICAST).value?.unicast, { source: "10.8.0.11", peers: ["10.8.0.9"] })
  const half = electionOf([node("a", "10.4.0.9"), ...list.slice(1)], onEth1, UNICAST)
  assert.is(half.value, null)
  assert.match(half.problems[0]?.message ?? "", /10\.4\.0\.9, the address of node "a", is on eth0/)
})

test("electionOf() takes the addresses in --peer-network (fault 204)", () => {
  const two = (name: string, last: number) => {
    const one = node(name, `10.4.0.${last}`)
    const addresses = [...one.object.status.addresses, { type: "InternalIP", address: `10.8.0.${last}` }]
    return { ...one, object: { ...one.object, status: { addresses } } }
  }
  const flags = modelSettingsFrom({ useUnicast: "true", peerNetwork: "10.8.0.0/24" })
  if (flags.kind === "wrong") throw new Error("the flags are wrong")
  const { settings } = flags
  const { value } = electionOf([two("a", 9), two("b", 11)], onEth1, { settings })
  assert.equal(value?.unicast, { source: "10.8.0.11", peers: ["10.8.0.9"] })
  const alone = electionOf([two("a", 9), node("b", "10.4.0.11")], onEth1, { settings })
  assert.equal(
    alone.problems.map(({ code }) => code),
    ["PEER_ADDRESS_UNKNOWN"],
  )
})

test("electionOf() does not judge by an interface that shows no address", () => {
  const host = HOST.filter((one) => one.interface === "eth0")
  assert.is(electionOf(nodes, { ...onEth1, host }, UNICAST).value?.unicast?.source, "10.4.0.11")
})

test("electionOf() prefers the InternalIP, because floating addresses are not on an interface", () => {
  const both = node("a", "10.4.0.9")
  const external = { type: "ExternalIP", address: "203.0.113.9" }
  const status = { addresses: [external, ...both.object.status.addresses] }
  const { value } = electionOf([{ ...both, object: { ...both.object, status } }, node("b", "10.4.0.8")], facts("a"), {
    settings: { ...SETTINGS, useUnicast: true },
  })
  assert.is(value?.unicast?.source, "10.4.0.9")
})

test("electionOf() has the anchor of its virtual router ID", () => {
  assert.is(
    electionOf([], facts("a"), { settings: { ...SETTINGS, virtualRouterId: 77 } }).value?.anchor,
    "169.254.77.1",
  )
})

test.run()
