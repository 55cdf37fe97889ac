import { test } from "uvu"
import * as assert from "uvu/assert"

import { CONTENT_FILE, generationName, GENERATION_NAME, sequenceOf, serviceFile } from "../../src/contract/layout.ts"

test("generationName() sorts as its sequence does, and sequenceOf() reads it back", () => {
  const names = [1, 9, 10, 4096, Number.MAX_SAFE_INTEGER].map((sequence) => generationName(sequence, "ab".repeat(32)))
  assert.equal(names.toSorted(), names)
  assert.equal(names.map(sequenceOf), [1, 9, 10, 4096, Number.MAX_SAFE_INTEGER])
  assert.ok(names.every((name) => GENERATION_NAME.test(name)))
})

for (const name of [
  ".tmp-1-ab",
  ".trash-x",
  "1-0123456789ab",
  `${"9".repeat(20)}-0123456789ab`,
  `${"0".repeat(20)}-0123456789ab`,
]) {
  test(`sequenceOf() gives null for ${name}`, () => assert.is(sequenceOf(name), null))
}

test("serviceFile() is a name that readers accept", () => assert.match(serviceFile("default", "echo"), CONTENT_FILE))

test.run()
