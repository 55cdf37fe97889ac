import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { makePrivateDirectory } from "../../../src/kit/files/private-directory.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { testUnless } from "../../support/test-unless.ts"

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8)

test("makePrivateDirectory() makes a directory for its user only, whatever the umask", () =>
  withTemporaryDirectory(async (directory) => {
    const before = process.umask(0)
    try {
      await makePrivateDirectory(join(directory, "a", "b"))
    } finally {
      process.umask(before)
    }
    assert.is(modeOf(join(directory, "a", "b")), "700")
  }))

// As a kubelet makes a hostPath, and an emptyDir with an fsGroup.
for (const mode of [0o755, 0o2777, 0o500])
  test(`makePrivateDirectory() makes a directory with mode ${mode.toString(8)} private, and keeps its content`, () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "state")
      mkdirSync(path)
      writeFileSync(join(path, "pin.json"), "{}")
      chmodSync(path, mode)
      await makePrivateDirectory(path)
      assert.is(modeOf(path), "700")
      assert.ok(statSync(join(path, "pin.json")).isFile())
    }))

testUnless(process.getuid?.() === 0 ? null : "needs root")(
  "makePrivateDirectory() refuses what another user owns, and does not change it",
  () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "state")
      mkdirSync(path)
      chownSync(path, 65_532, 65_532)
      const fault: unknown = await makePrivateDirectory(path).catch((error: unknown) => error)
      assert.match(String(fault), "Cannot trust directory")
      assert.match(String(fault), "user 65532 owns it, expected user 0")
      assert.is(modeOf(path), "755")
    }),
)

test("makePrivateDirectory() refuses a file", () =>
  withTemporaryDirectory(async (directory) => {
    writeFileSync(join(directory, "state"), "")
    const fault: unknown = await makePrivateDirectory(join(directory, "state")).catch((error: unknown) => error)
    assert.instance(fault, Error)
  }))

test.run()
