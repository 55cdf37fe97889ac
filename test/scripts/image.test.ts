import { chmod, readFile, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { run } from "../support/run.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const root = join(import.meta.dirname, "../..")
const script = join(root, "scripts/image.sh")

/** Runs image.sh where the only programs are a few of the system's, and these, which are fakes. */
function runWithPrograms(fakes: Readonly<Record<string, string>>) {
  return withTemporaryDirectory(async (directory) => {
    for (const name of ["bash", "dirname", "env"]) await symlink(`/usr/bin/${name}`, join(directory, name))
    for (const [name, text] of Object.entries(fakes)) {
      await writeFile(join(directory, name), `#!/bin/bash\n${text}\n`)
      await chmod(join(directory, name), 0o755)
    }
    return run(script, [], { environment: { PATH: directory, IMAGE_BUILDER: undefined } })
  })
}

test("image.sh says what is missing where there is nothing to build with", async () => {
  const { status, stderr } = await runWithPrograms({})
  assert.is(status, 3)
  assert.match(stderr, /Cannot build: there is no docker, and there is no buildah; .*apt-get install buildah/)
})

test("image.sh says so where docker's daemon does not answer", async () => {
  const { status, stderr } = await runWithPrograms({ docker: "exit 1" })
  assert.is(status, 3)
  assert.match(stderr, /Cannot build: docker is there, but no daemon answers it/)
})

test("image.sh refuses a target that there is not", async () => {
  const { status, stderr } = await run(script, ["agent"])
  assert.is(status, 2)
  assert.match(stderr, "usage: scripts/image.sh [sync] [sidecar]")
})

// sync's image has no shell, so the Dockerfile repeats what the launchers do.
test("the images start Node.js as bin/kkv does", async () => {
  const text = async (file: string) => readFile(join(root, file), "utf8")
  const flagsOf = (line: string | undefined) => line?.match(/--[a-z][a-z-]*(?:=\d+)?/g)
  const lineOf = (all: string, pattern: RegExp) => all.split("\n").find((line) => pattern.test(line))
  const wanted = flagsOf(lineOf(await text("bin/kkv"), /exec "\$node"/))
  assert.is(wanted?.length, 3)
  assert.equal(flagsOf(lineOf(await text("image/kkv"), /exec node/)), wanted)
  assert.equal(flagsOf(lineOf(await text("Dockerfile"), /^ENTRYPOINT .*"sync"\]$/)), wanted)
  for (const file of ["bin/kkv", "image/kkv", "Dockerfile"]) assert.match(await text(file), "MALLOC_ARENA_MAX=1")
})

test.run()
