import { test } from "uvu"
import * as assert from "uvu/assert"
import { compareAddresses, inAddressOrder } from "../../../src/core/address/order.ts"

const at = (address: string, port: number) => ({ address, port })

test("inAddressOrder() sorts by address as a number, then by port", () => {
  const sorted = [at("9.1.1.1", 80), at("10.2.1.5", 80), at("10.2.1.5", 8080), at("10.2.1.30", 80)]
  assert.equal(inAddressOrder(sorted.toReversed()), sorted)
  assert.equal(inAddressOrder([at("9.1.1.1", 81), at("9.1.1.1", 80)]), [at("9.1.1.1", 80), at("9.1.1.1", 81)])
})

test("inAddressOrder() returns a sorted list unchanged", () => {
  const sorted = [at("10.2.1.5", 80), at("10.2.1.5", 80), at("10.2.1.5", 81)]
  assert.is(inAddressOrder(sorted), sorted)
})

test("compareAddresses() sorts IPv4 before IPv6, each by its bits", () => {
  const sorted = ["9.1.1.1", "10.2.1.5", "10.2.1.30", "200.1.1.1", "::1", "2001:db8::9", "2001:db8::10", "fd00::1"]
  assert.equal(sorted.toReversed().toSorted(compareAddresses), sorted)
})

test.run()
