import { test } from "uvu"
import * as assert from "uvu/assert"
import { isInterfaceName } from "../../../src/core/address/pattern.ts"

const names: readonly (readonly [name: string, isOne: boolean])[] = [
  ["eth0", true],
  ["bond0.100", true],
  ["br-lan_1", true],
  ["fifteen-letters", true],
  ["sixteen-letters-", false],
  ["", false],
  [".eth0", false],
  ["eth 0", false],
  ["eth0\n", false],
  ["eth0:1", false],
  ["eth0/1", false],
]
for (const [name, isOne] of names)
  test(`isInterfaceName() of ${JSON.stringify(name)} is ${isOne}`, () => assert.is(isInterfaceName(name), isOne))

test.run()
