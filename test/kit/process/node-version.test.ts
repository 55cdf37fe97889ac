import { test } from "uvu"
import * as assert from "uvu/assert"
import { nodeVersionObjection } from "../../../src/kit/process/node-version.ts"

for (const version of ["22.22.0", "22.22.3", "22.100.0", "23.0.0", "24.21.0", "100.0.0"]) {
  test(`nodeVersionObjection() accepts ${version}`, () => assert.is(nodeVersionObjection(version), null))
}

for (const version of ["22.21.9", "22.9.0", "20.20.2", "9.99.99"]) {
  test(`nodeVersionObjection() refuses ${version} and says what to do`, () => {
    const objection = nodeVersionObjection(version) ?? ""
    assert.match(objection, `Node.js ${version}: expected 22.22 or newer`)
    assert.match(objection, "make build")
  })
}

test("nodeVersionObjection() accepts the Node.js that runs this test", () => {
  assert.is(nodeVersionObjection(), null)
})

test.run()
