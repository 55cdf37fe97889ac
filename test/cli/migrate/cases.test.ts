import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { packageVersion } from "../../../src/kit/files/package-file.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { kkv } from "../support/kkv.ts"

const cases = join(import.meta.dirname, "cases")
/** What `--from` is for a case; the others are of release 0.35. */
const FROM: Readonly<Record<string, string>> = {
  ...{ keepalived: "keepalived", "keepalived-habits": "keepalived", externalips: "externalips" },
}
/** Cases in which everything has an equivalent. */
const COMPLETE = ["same", "configmap-only"]

for (const name of readdirSync(cases)) {
  const from = FROM[name] ?? "0.35"
  test(`kkv migrate --from ${from} makes of cases/${name} what stands there, twice`, () =>
    inCase(name, async () => {
      for (const out of ["first", "second"]) {
        const said = await kkv(["migrate", "--from", from, "input", "--out", out])
        assert.is(said.status, COMPLETE.includes(name) ? 0 : 1, said.err)
      }
      assert.equal(filesIn("first"), filesIn("second"))
      const expected = join(cases, name, "output")
      if (process.env["UPDATE_GOLDEN"] === "1") {
        rmSync(expected, { recursive: true, force: true })
        cpSync("first", expected, { recursive: true })
        return
      }
      assert.equal(filesIn("first"), existsSync(expected) ? filesIn(expected) : {})
    }))

  test(`kkv validate has nothing against the result of cases/${name}`, () =>
    inCase(name, async () => {
      await kkv(["migrate", "--from", from, "input", "--out", "out"])
      const { status, out } = await kkv(["validate", "out"])
      assert.is(status, 0, out)
    }))
}

test.run()

/** Calls `use` in a directory with the input of a case. */
function inCase<T>(name: string, use: () => Promise<T>): Promise<T> {
  const before = process.cwd()
  return withTemporaryDirectory(async (directory) => {
    cpSync(join(cases, name, "input"), join(directory, "input"), { recursive: true })
    process.chdir(directory)
    try {
      return await use()
    } finally {
      process.chdir(before)
    }
  })
}

/** Path -> text. The version of the base is left out, because a release changes it. */
function filesIn(directory: string): Readonly<Record<string, string>> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(
    entries
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((path) => [
        path.slice(directory.length + 1),
        readFileSync(path, "utf8").replace(/\?ref=v\S+/, (ref) => (ref === `?ref=v${packageVersion()}` ? "" : ref)),
      ]),
  )
}
