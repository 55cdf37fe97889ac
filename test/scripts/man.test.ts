import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { testUnless } from "../support/test-unless.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const PROGRAMS = ["kkv-sync.1", "kkv-sidecar.1", "kkv-doctor.1", "kubectl-kkv-move.1"]
const script = join(import.meta.dirname, "../../scripts/man.ts")

async function inPages(check: (folder: string) => void): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const made = await run(process.execPath, [script, "--out", directory])
    assert.is(made.status, 0, made.stderr)
    check(join(directory, "man1"))
  })
}

test(
  "man.ts writes a page for each command, with its flags, examples and exit statuses",
  slow(30_000, () =>
    inPages((folder) => {
      const names = readdirSync(folder)
      for (const name of [
        "kkv.1",
        "kkv-validate.1",
        "kkv-completion.1",
        "kubectl-kkv.1",
        "kubectl-kkv-explain.1",
        ...PROGRAMS,
      ])
        assert.ok(names.includes(name), name)
      const page = (name: string) => readFileSync(join(folder, name), "utf8")
      assert.match(page("kkv-validate.1"), String.raw`\-o, \-\-output <format>`)
      assert.match(page("kkv-validate.1"), ".SH EXAMPLES\n")
      assert.match(page("kubectl-kkv.1"), ".SH EXIT STATUS\n")
    }),
  ),
)

const hasMandoc = spawnSync("mandoc", ["-T", "lint", "/dev/null"]).error === undefined
testUnless(hasMandoc ? null : "there is no mandoc")(
  "man.ts mandoc finds nothing but the missing date",
  slow(30_000, () =>
    inPages((folder) => {
      const files = readdirSync(folder).map((name) => join(folder, name))
      const { stdout } = spawnSync("mandoc", ["-T", "lint", "-W", "warning", ...files], { encoding: "utf8" })
      assert.equal(
        stdout.split("\n").filter((line) => line !== "" && !line.includes("missing date")),
        [],
      )
    }),
  ),
)

test("man.ts without a folder ends with 2", async () => {
  assert.is((await run(process.execPath, [script])).status, 2)
})

test.run()
