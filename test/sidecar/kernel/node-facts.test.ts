import { test } from "uvu"
import * as assert from "uvu/assert"
import { NO_PAST, type Past } from "../../../src/core/model/addresses/own-nodes.ts"
import { vrrpInstancesOf } from "../../../src/core/model/vrrp-instance.ts"
import { type HostFacts, nodeFactsOf } from "../../../src/sidecar/kernel/node-facts.ts"
import { node, SETTINGS } from "../../core/fixture.ts"

const hostOf = (...texts: string[]): HostFacts => {
  const addresses = texts.map((text) => {
    const [name = "", address = "", prefixLength = "32"] = text.split(/[ /]/)
    return { interface: name, address, prefixLength: Number(prefixLength) }
  })
  return { addresses, interfaces: new Set(["lo", ...addresses.map((one) => one.interface)]), ipvs: true }
}

/** That the VIP 10.4.0.50 ran on this interface. */
const ranOn = (name: string): Past => {
  const { value } = vrrpInstancesOf(
    [],
    { name: "n1", interface: name, ipvs: true },
    { settings: SETTINGS, before: [], vips: [], advertised: [] },
  )
  return { announced: new Set(["10.4.0.50"]), nodes: new Map(), instances: value ?? [] }
}

const facts = (host: HostFacts, past: Past = NO_PAST, address = "10.4.0.3") =>
  nodeFactsOf({ nodes: [node("n1", address)], wanted: { node: "n1", interface: null }, host, past })

const interfaceIn = (found: ReturnType<typeof facts>) => ("code" in found ? found.code : found.interface)

test("nodeFactsOf() takes the interface that has the address, of two in one subnet (fault 205)", () =>
  assert.is(interfaceIn(facts(hostOf("ens1 10.4.0.103/24", "ens2 10.4.0.3/24"))), "ens2"))

test("nodeFactsOf() takes the interface that has the address, not one with a smaller subnet (fault 205)", () =>
  assert.is(interfaceIn(facts(hostOf("bond0 10.4.0.3/16", "bond0.20 10.4.0.200/24"))), "bond0"))

test("nodeFactsOf() leaves the VIPs where they run when a card appears, and says so (fault 205)", () => {
  const found = facts(hostOf("eth0 10.4.0.9/24", "eth1 10.4.0.3/24"), ranOn("eth0"))
  assert.is(interfaceIn(found), "eth0")
  assert.equal("code" in found ? [] : found.notes?.map(({ code }) => code), ["INTERFACE_KEPT"])
})

test("nodeFactsOf() leaves an interface that is gone (fault 205)", () =>
  assert.is(interfaceIn(facts(hostOf("eth1 10.4.0.3/24"), ranOn("eth0"))), "eth1"))

test("nodeFactsOf() does not take a VIP or the anchor for an address of the machine (fault 200)", () => {
  const host = hostOf("eth0 10.4.0.3/24", "eth1 10.4.0.50/24", "eth0 169.254.50.1/32", "eth0 10.4.0.50/32")
  const found = facts(host, ranOn("eth0"), "10.4.0.3")
  if ("code" in found) throw new Error(found.message)
  assert.equal(
    found.host?.map(({ address }) => address),
    ["10.4.0.3"],
  )
  assert.equal(found.subnets?.length, 1)
})

test("nodeFactsOf() says which address no interface has", () => {
  const found = facts(hostOf("eth0 10.5.0.3/24"))
  assert.match("code" in found ? found.message : "", /no interface has 10\.4\.0\.3, .*--iface/)
})

test.run()
