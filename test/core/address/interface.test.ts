import { test } from "uvu"
import * as assert from "uvu/assert"
import { contains, subnetText } from "../../../src/core/address/network.ts"
import { type HostAddress, interfaceOf } from "../../../src/core/address/interface.ts"

const on = (text: string): HostAddress => {
  const [name = "", address = "", prefixLength = "32"] = text.split(/[ /]/)
  return { interface: name, address, prefixLength: Number(prefixLength) }
}

const choices: [name: string, host: string[], expected: string | null][] = [
  ["the interface that has the address, of two in one subnet", ["ens1 10.4.0.103/24", "ens2 10.4.0.3/24"], "ens2"],
  [
    "the interface that has the address, not a smaller subnet",
    ["bond0 10.4.0.3/16", "bond0.20 10.4.0.200/24"],
    "bond0",
  ],
  ["the longest prefix that contains it, where none has it", ["a 10.4.0.9/16", "b 10.4.0.8/24", "c 10.0.0.1/8"], "b"],
  ["a /32 address", ["eth0 10.4.0.3/32"], "eth0"],
  ["the interface, and not kube-proxy's copy of the address", ["kube-ipvs0 10.4.0.3/32", "eth0 10.4.0.3/24"], "eth0"],
  ["no loopback", ["lo 10.4.0.3/32", "eth0 10.4.0.9/24"], "eth0"],
  ["none, where no subnet contains it", ["eth0 10.5.0.3/24", "eth1 10.4.0.9/32"], null],
]
for (const [name, host, expected] of choices)
  test(`interfaceOf() is ${name} (fault 205)`, () =>
    assert.is(interfaceOf({ address: "10.4.0.3", host: host.map(on), before: null }), expected))

const kept: [name: string, before: string, host: string[], expected: string | null][] = [
  ["a card appears with a smaller subnet", "eth0", ["eth0 10.4.0.9/16", "eth1 10.4.0.8/24"], "eth0"],
  ["a card appears with the address itself", "eth0", ["eth0 10.4.0.9/24", "eth1 10.4.0.3/24"], "eth0"],
  ["its cable is out, so that it shows no address", "eth0", ["eth1 10.4.0.9/24"], "eth0"],
  ["its address has moved to a bridge", "eth0", ["br0 10.4.0.3/24"], "br0"],
  ["it is in another network now", "eth0", ["eth0 10.9.0.3/24", "eth1 10.4.0.9/24"], "eth1"],
]
for (const [name, before, host, expected] of kept)
  test(`interfaceOf() is ${expected ?? "none"} where the VIPs run on ${before} and ${name} (fault 205)`, () =>
    assert.is(interfaceOf({ address: "10.4.0.3", host: host.map(on), before }), expected))

test("interfaceOf() is the interface that the VIPs run on while the node's address is not known", () =>
  assert.is(interfaceOf({ address: null, host: [on("eth1 10.4.0.3/24")], before: "eth0" }), "eth0"))

const subnets: [own: string, address: string, holds: boolean][] = [
  ["10.4.0.3/24", "10.4.0.50", true],
  ["10.4.0.3/24", "10.4.1.50", false],
  ["10.4.0.3/8", "10.200.0.1", true],
  ["10.4.0.3/0", "192.0.2.1", true],
  ["10.4.0.3/31", "10.4.0.2", true],
  ["10.4.0.3/32", "10.4.0.3", false],
  ["200.4.0.3/1", "129.0.0.1", true],
]
for (const [own, address, holds] of subnets)
  test(`contains() ${own} ${holds ? "contains" : "does not contain"} ${address}`, () =>
    assert.is(contains(on(`eth0 ${own}`), address), holds))

test("subnetText() is the network", () => {
  assert.is(subnetText(on("eth0 10.4.3.9/22")), "10.4.0.0/22")
  assert.is(subnetText(on("eth0 200.4.3.9/1")), "128.0.0.0/1")
})

test.run()
