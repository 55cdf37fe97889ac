import { test } from "uvu"
import * as assert from "uvu/assert"
import { ipv4Of } from "../../../src/core/address/ip.ts"

const spellings: [text: string, address: string | null][] = [
  ["10.4.0.50", "10.4.0.50"],
  ["::ffff:10.4.0.50", "10.4.0.50"],
  ["::FFFF:0a04:0032", "10.4.0.50"],
  ["::ffff:a04:32", "10.4.0.50"],
  ["0:0:0:0:0:ffff:10.4.0.50", "10.4.0.50"],
  ["0000:0000:0000:0000:0000:ffff:0a04:0032", "10.4.0.50"],
  ["10.4.0.50/32", "10.4.0.50"],
  ["::ffff:10.4.0.50/128", "10.4.0.50"],
  [" 10.4.0.50 ", "10.4.0.50"],
  ["010.004.000.050", "10.4.0.50"],
  ["::ffff:200.255.128.1", "200.255.128.1"],
  ["::10.4.0.50", null],
  ["64:ff9b::10.4.0.50", null],
  ["fd00::4", null],
  ["::1", null],
  ["::", null],
  ["::ffff:10.4.0", null],
  ["worker-1", null],
  ["", null],
]
for (const [text, address] of spellings)
  test(`ipv4Of() reads "${text}" as ${address ?? "no IPv4 address"} (fault 200)`, () =>
    assert.is(ipv4Of(text), address))

test.run()
