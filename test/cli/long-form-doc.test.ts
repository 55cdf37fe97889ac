import { readFileSync } from "node:fs"
import { join } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { parseEntry } from "../../src/core/declare/parse-entry.ts"
import { rawEntry } from "../core/fixture.ts"
import { kkv } from "./support/kkv.ts"
import { inTree } from "./support/manifests.ts"

const [, section = ""] =
  /^## The long form\n([^]*?)^## /m.exec(readFileSync(join(import.meta.dirname, "../../docs/vips.md"), "utf8")) ?? []
const blocks = [...section.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = ""]) => text)

test("docs/vips.md: the example of the long form has no problem", () =>
  inTree({ "vips.yaml": blocks[0] ?? "" }, async () => {
    const { status, out } = await kkv(["validate", "."])
    assert.is(status, 0, out)
    assert.match(out, /^4 VIPs, /m)
  }))

test("docs/vips.md: the mapping in a file of its own has no problem", () => {
  const mapping = blocks.find((text) => text.startsWith("# yaml-language-server"))
  assert.ok(mapping !== undefined)
  assert.equal(parseEntry(rawEntry("shop", mapping)).problems, [])
})

test("docs/vips.md: the table has each field, and no other one", () => {
  const { properties } = JSON.parse(readFileSync(join(import.meta.dirname, "../../schema/entry.json"), "utf8")) as {
    readonly properties: { readonly services: { readonly items: { readonly properties: object } } }
  }
  const inService = Object.keys(properties.services.items.properties).map((name) => `services[].${name}`)
  assert.equal(
    [...section.matchAll(/^\| `([a-z[\].]+)` /gm)].map(([, field]) => field),
    [...Object.keys(properties), ...inService],
  )
})

test.run()
