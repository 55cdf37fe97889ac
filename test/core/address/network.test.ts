import { test } from "uvu"
import * as assert from "uvu/assert"
import {
  asHost,
  contains,
  endOf,
  hostOf,
  isAlone,
  isInNetwork,
  isPointToPoint,
  parseNetwork,
  subnetText,
} from "../../../src/core/address/network.ts"

const at = (text: string) => {
  const [address = "", length] = text.split("/")
  return { address, prefixLength: Number(length) }
}

const networks: readonly [network: string, inside: readonly string[], outside: readonly string[]][] = [
  ["10.4.0.50", ["10.4.0.50"], ["10.4.0.51", "10.4.0.49"]],
  ["10.4.0.0/24", ["10.4.0.0", "10.4.0.255"], ["10.4.1.0", "10.3.255.255", "a04::"]],
  ["10.4.0.0/255.255.255.0", ["10.4.0.0", "10.4.0.255"], ["10.4.1.0"]],
  ["10.4.0.0/255.255.0.255", ["10.4.9.0"], ["10.4.9.1"]],
  ["200.0.0.0/5", ["200.0.0.1", "207.255.255.255"], ["208.0.0.0"]],
  ["0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::"]],
]
for (const [text, inside, outside] of networks)
  test(`isInNetwork() with ${text}`, () => {
    const network = parseNetwork(text)
    assert.ok(network !== null)
    for (const address of inside) assert.ok(isInNetwork(address, network), address)
    for (const address of outside) assert.not.ok(isInNetwork(address, network), address)
  })

for (const text of [
  "",
  "web",
  "10.4.0.0/33",
  "10.4.0.0/-1",
  "10.4.0.0/1.5",
  "10.4.0.0/x",
  "10.4.0.0/::",
  "10.4.0",
  "::/0",
])
  test(`parseNetwork() refuses ${JSON.stringify(text)}`, () => assert.is(parseNetwork(text), null))

test("contains(), subnetText() and endOf() work for both families", () => {
  assert.ok(contains(at("2001:db8:1::3/64"), "2001:db8:1::ffff"))
  assert.not.ok(contains(at("2001:db8:1::3/64"), "2001:db8:1:1::3"))
  assert.not.ok(contains(at("2001:db8:1::3/64"), "10.4.0.3"))
  assert.not.ok(contains(at("2001:db8:1::3/128"), "2001:db8:1::3"))
  assert.is(subnetText(at("2001:db8:1::3/44")), "2001:db8::/44")
  assert.is(endOf(at("10.4.0.3/24"), "10.4.0.0"), "network")
  assert.is(endOf(at("10.4.0.3/24"), "10.4.0.255"), "broadcast")
  assert.is(endOf(at("10.4.0.3/24"), "10.4.0.254"), null)
  assert.is(endOf(at("10.4.0.3/24"), "10.4.1.0"), null)
  assert.is(endOf(at("2001:db8::3/112"), "2001:db8::"), "network")
  assert.is(endOf(at("2001:db8::3/112"), "2001:db8::ffff"), null)
})

test("asHost() writes an address alone, and hostOf() reads it", () => {
  assert.is(asHost("10.4.0.50"), "10.4.0.50/32")
  assert.is(asHost("2001:db8::50"), "2001:db8::50/128")
  for (const address of ["10.4.0.50", "2001:db8::50"]) assert.is(hostOf(asHost(address)), address)
  for (const text of ["10.4.0.50/24", "10.4.0.50", "2001:db8::50/32", "web/32", ""]) assert.is(hostOf(text), null)
  assert.equal(["10.4.0.3/32", "10.4.0.3/31", "::1/32", "::1/128"].map(at).map(isAlone), [true, false, false, true])
  assert.equal(["10.4.0.3/31", "10.4.0.3/30", "::1/127"].map(at).map(isPointToPoint), [true, false, true])
})

test.run()
