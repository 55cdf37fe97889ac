import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { packageFile, packageVersion } from "../../../src/kit/files/package-file.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const root = join(import.meta.dirname, "../../..")

test("packageFile() starts from its own package", () => {
  assert.is(packageFile("templates/a.hbs"), join(root, "templates/a.hbs"))
})

test("packageFile() gives the same from the sources and from a bundle", () => {
  for (const from of ["src/kit/files/package-file.ts", "src/sidecar/main.ts", "dist/chunk-x.mjs"]) {
    assert.is(packageFile("a.txt", pathToFileURL(join(root, from)).href), join(root, "a.txt"))
  }
})

test("packageFile() takes the nearest package.json", async () => {
  await withTemporaryDirectory(async (directory) => {
    await mkdir(join(directory, "inner/dist"), { recursive: true })
    await writeFile(join(directory, "package.json"), "{}")
    await writeFile(join(directory, "inner/package.json"), "{}")
    const from = pathToFileURL(join(directory, "inner/dist/a.mjs")).href
    assert.is(packageFile("a.txt", from), join(directory, "inner/a.txt"))
  })
})

test("packageFile() throws if no folder above contains a package.json", () => {
  assert.throws(
    () => packageFile("a.txt", "file:///proc/self/a.mjs"),
    /^Cannot find "a\.txt": no folder from "\/proc\/self" upwards contains a package\.json/,
  )
})

test("packageVersion() reads package.json", async () => {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string }
  assert.is(packageVersion(), version)
})

test.run()
