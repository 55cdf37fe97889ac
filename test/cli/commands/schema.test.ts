import { readFileSync } from "node:fs"

import { test } from "uvu"
import * as assert from "uvu/assert"
import { packageFile } from "../../../src/kit/files/package-file.ts"
import { kkv } from "../support/kkv.ts"

test("schema() prints the schema of the long form, or the one that is named", async () => {
  for (const [words, file] of [
    [[], "entry"],
    [["status"], "status"],
  ] as const) {
    const said = await kkv(["schema", ...words])
    assert.equal([said.status, said.out], [0, readFileSync(packageFile(`schema/${file}.json`), "utf8")])
  }
})

test("schema() names the schemas that there are", async () => {
  const said = await kkv(["schema", "../package"])
  assert.is(said.status, 1)
  assert.match(
    said.err,
    /^kkv: Cannot print the schema "..\/package": there are archive-outcome, .* and sync-status\n$/,
  )
})

test.run()
