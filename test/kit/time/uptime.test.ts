import { test } from "uvu"
import * as assert from "uvu/assert"

import { bootId, uptimeSeconds } from "../../../src/kit/time/uptime.ts"

test("uptimeSeconds() increases", () => {
  const first = uptimeSeconds()
  assert.ok(first > 0)
  assert.ok(uptimeSeconds() >= first)
})

test("bootId() is the same each time", () => {
  assert.match(bootId(), /^[0-9a-f-]{36}$/)
  assert.is(bootId(), bootId())
})

test.run()
