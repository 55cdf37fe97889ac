import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { run } from "../support/run.ts"

const root = join(import.meta.dirname, "../..")

test("schema/ is what the code makes", async () => {
  const { status, stderr } = await run(process.execPath, ["scripts/schema.ts", "--check"], { directory: root })
  assert.is(status, 0, stderr)
})

test("schema/ spells the fields of the contract", () => {
  const fields = (file: string): readonly string[] => {
    const schema = JSON.parse(readFileSync(join(root, "schema", file), "utf8")) as { required: readonly string[] }
    return schema.required
  }
  assert.equal(fields("pointer.json"), ["schema", "sequence", "writer", "directory", "manifestSha256", "counts"])
  assert.equal(fields("manifest.json"), [
    "schema",
    "sequence",
    "contentSha256",
    "counts",
    "resources",
    "configMaps",
    "files",
  ])
})

test.run()
