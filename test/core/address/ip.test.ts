import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { bitsOf, familyOf, isSupported, isSupportedFamily, parseAddress, textOf } from "../../../src/core/address/ip.ts"

const addresses: readonly [written: string, family: "IPv4" | "IPv6" | null, text: string | null][] = [
  ["10.4.0.50", "IPv4", "10.4.0.50"],
  ["0.0.0.0", "IPv4", "0.0.0.0"],
  ["255.255.255.255", "IPv4", "255.255.255.255"],
  ["010.4.0.50", null, null],
  ["10.4.0", null, null],
  ["10.4.0.256", null, null],
  ["10.4.0.50/32", null, null],
  ["2001:DB8::0050", "IPv6", "2001:db8::50"],
  ["2001:db8:0:0:1:0:0:1", "IPv6", "2001:db8::1:0:0:1"],
  ["2001:db8:0:1:1:1:1:1", "IPv6", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "IPv6", "2001:0:0:1::1"],
  ["10:0:0:0:0:0:0:0", "IPv6", "10::"],
  ["0:0:0:0:0:0:0:10", "IPv6", "::10"],
  ["::", "IPv6", "::"],
  ["::1", "IPv6", "::1"],
  ["::ffff:10.4.0.50", "IPv6", "::ffff:a04:32"],
  ["fe80::1%eth0", null, null],
  ["2001:db8::/32", null, null],
  ["web", null, null],
  ["", null, null],
]
for (const [written, family, text] of addresses)
  test(`parseAddress() reads "${written}" as ${text ?? "nothing"}`, () => {
    assert.is(familyOf(written), family)
    assert.equal(parseAddress(written), family === null ? null : { family, text })
    assert.is(isSupported(written), family === "IPv4")
  })

test("parseAddress() gives equal addresses equal texts", () => {
  fc.assert(
    fc.property(fc.ipV6(), (written) => {
      const text = parseAddress(written)?.text ?? ""
      assert.is(familyOf(text), "IPv6")
      assert.is(bitsOf(text), bitsOf(written))
      assert.is(parseAddress(text)?.text, text)
      assert.is(textOf(bitsOf(written), "IPv6"), text)
    }),
  )
})

test("isSupportedFamily() accepts IPv4 alone in this release", () => {
  assert.equal(["IPv4", "IPv6", "FQDN", "constructor"].filter(isSupportedFamily), ["IPv4"])
})

test.run()
