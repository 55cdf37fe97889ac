import { test } from "uvu"
import * as assert from "uvu/assert"

import { subnetHolds } from "../../src/cli/subnet.ts"

const cases: readonly (readonly [own: string, netmask: string, address: string, holds: boolean])[] = [
  ["10.4.0.3", "255.255.255.0", "10.4.0.254", true],
  ["10.4.0.3", "255.255.255.0", "10.4.1.3", false],
  ["10.4.0.3", "255.255.254.0", "10.4.1.3", true],
  ["10.4.0.3", "255.0.0.0", "10.200.0.1", true],
  ["10.4.0.3", "255.255.255.255", "10.4.0.3", true],
  ["10.4.0.3", "255.255.255.255", "10.4.0.4", false],
  ["10.4.0.3", "0.0.0.0", "192.0.2.1", true],
  ["200.4.0.3", "128.0.0.0", "10.4.0.3", false],
]
for (const [own, netmask, address, holds] of cases)
  test(`subnetHolds() ${own} ${netmask} ${holds ? "holds" : "does not hold"} ${address}`, () => {
    assert.is(subnetHolds({ address: own, netmask }, address), holds)
  })

test.run()
