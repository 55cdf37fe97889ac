import { createHash } from "node:crypto"
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { run } from "../support/run.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const script = join(import.meta.dirname, "../lab/kernel.sh")
const sum = createHash("sha256")
  .update(await readFile(script))
  .digest("hex")
  .slice(0, 12)

/** dpkg-query that says 6.1.192-3 of the source, and "installed" of every package that it is asked for by more words. */
const WITH_PACKAGES = `
[[ $* != *Status* ]] || { for name in "\${@:4}"; do echo "$name installed"; done; exit; }
printf 6.1.192-3`
const WITHOUT_PACKAGES = "exit 1"

/** Runs kernel.sh with a cache that has these folders, and programs that are fakes. */
function kernel(folders: readonly string[], fakes: Readonly<Record<string, string>>) {
  return withTemporaryDirectory(async (directory) => {
    const [cache, programs] = [join(directory, "cache"), join(directory, "programs")]
    await mkdir(programs)
    for (const folder of folders) await mkdir(join(cache, folder), { recursive: true })
    for (const [name, text] of Object.entries({ tar: "exit 2", id: "echo 1000", ...fakes })) {
      await writeFile(join(programs, name), `#!/bin/bash\n${text}\n`)
      await chmod(join(programs, name), 0o755)
    }
    const environment = { PATH: `${programs}:${process.env["PATH"]}`, KKV_LAB_KERNEL_CACHE: cache }
    const { status, stdout, stderr } = await run(script, [], { environment })
    return { status, stdout: stdout.replace(cache, "CACHE"), stderr, left: (await readdir(cache)).toSorted() }
  })
}

test("kernel.sh does nothing where the kernel of this script and of this source is complete", async () => {
  const { status, stdout, stderr } = await kernel([`6.1.192-3-${sum}`], { "dpkg-query": WITH_PACKAGES })
  assert.equal({ status, stdout, stderr }, { status: 0, stdout: `CACHE/6.1.192-3-${sum}\n`, stderr: "" })
})

test("kernel.sh takes a cached kernel of this script where the source is not installed", async () => {
  const { status, stdout } = await kernel([`6.1.190-1-${sum}`], { "dpkg-query": WITHOUT_PACKAGES })
  assert.equal({ status, stdout }, { status: 0, stdout: `CACHE/6.1.190-1-${sum}\n` })
})

for (const folder of [`6.1.190-1-${sum}`, "6.1.192-3-0123456789ab"])
  test(`kernel.sh builds anew where the cache has ${folder.replace(sum, "SUM")}; a build that fails leaves no kernel`, async () => {
    const { status, stdout, stderr, left } = await kernel([folder], { "dpkg-query": WITH_PACKAGES })
    assert.equal({ status, stdout, left }, { status: 1, stdout: "", left: [".lock", folder, "build.log"] })
    assert.match(
      stderr,
      /building User-Mode Linux with nftables from linux-source-6\.1 6\.1\.192-3: about 5 minutes, once/,
    )
    assert.match(stderr, "lab kernel: the build failed; its end stands above")
  })

test("kernel.sh says what is missing where the source cannot be installed", async () => {
  const { status, stdout, stderr } = await kernel([], { "dpkg-query": WITHOUT_PACKAGES })
  assert.equal({ status, stdout }, { status: 3, stdout: "" })
  assert.match(stderr, /Cannot install .*linux-source-6\.1/s)
  assert.match(
    stderr,
    "lab kernel: Cannot build it: linux-source-6.1 or the programs that compile it are not to be had",
  )
})

test.run()
