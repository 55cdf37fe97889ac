import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { vipsText } from "../../support/manifests.ts"
import { writeGeneration } from "../../support/volume.ts"
import { kkv } from "../support/kkv.ts"
import { configMap, GOOD, GOOD_LINE, inTree } from "../support/manifests.ts"

test("validate() --services-configmap chooses among several", () =>
  inTree(
    {
      ...GOOD,
      "v.yaml": configMap(GOOD_LINE),
      "x.yaml": configMap('10.4.0.77: ""').replace("name: vips", "name: other"),
    },
    async () => {
      assert.match((await kkv(["validate", "."])).out, "CONFIGMAP_AMBIGUOUS")
      assert.is((await kkv(["validate", ".", "--services-configmap", "default/vips"])).status, 0)
      assert.match((await kkv(["validate", ".", "--services-configmap", "default/nope"])).out, "CONFIGMAP_MISSING")
    },
  ))

const TWO = {
  ...GOOD,
  "v.yaml": configMap(GOOD_LINE),
  "x.yaml": configMap('10.4.0.77: ""\n  10.4.0.60: ""').replace("name: vips", "name: other"),
}
const FLAGS = ["--services-configmap", "default/vips", "--services-configmap", "default/other"]

test("validate() --services-configmap may be repeated: the first that names an address has it", () =>
  inTree(TWO, async () => {
    const { out, status } = await kkv(["validate", ".", ...FLAGS])
    assert.is(status, 1)
    assert.match(
      out,
      /^x\.yaml:8:3: ADDRESS_DECLARED_TWICE: .* for ConfigMap default\/other: .* of ConfigMap default\/vips \(v/,
    )
    assert.match(out, "(ConfigMaps default/vips, default/other)")
    const turned = await kkv(["validate", ".", "--services-configmap", "default/other, default/vips"])
    assert.match(turned.out, /ADDRESS_DECLARED_TWICE: .* for ConfigMap default\/vips: /)
    const missing = await kkv(["validate", ".", ...FLAGS, "--services-configmap", "default/gone"])
    assert.match(missing.out, 'Cannot find ConfigMap "default/gone"')
    assert.match(missing.out, "ADDRESS_DECLARED_TWICE")
  }))

test("render(), explain() and diff() take several ConfigMaps", () =>
  inTree(TWO, async () => {
    const rendered = await kkv(["render", ".", ...FLAGS])
    for (const address of ["10.4.0.60", "10.4.0.77"]) assert.match(rendered.out, `    ${address}/32 dev `)
    assert.match((await kkv(["explain", "10.4.0.77", ".", ...FLAGS])).out, "entry  x.yaml:7:3")
    assert.match((await kkv(["explain", "10.4.0.60", ".", ...FLAGS])).out, "entry  v.yaml:7:3")
    const none = await kkv(["explain", "10.4.0.1", ".", ...FLAGS])
    assert.match(none.err, /default\/vips has only .*; default\/other has only /)
    const { out } = await kkv(["diff", ".", ".", ...FLAGS])
    assert.is(out, "")
  }))

test("validate() knows the ConfigMaps of a generation, and their order", () =>
  inTree({ "a.txt": "" }, async (directory) => {
    const entries = vipsText('10.4.0.50: ""')
    const other = entries.replace("name: vips", "name: other")
    const texts = { "nodes.json": "[]", "vips/default/other.yaml": other, "vips/default/vips.yaml": entries }
    const { path } = writeGeneration(directory, 1, texts)
    const first = await kkv(["validate", path])
    assert.match(first.out, /ADDRESS_DECLARED_TWICE: .* for ConfigMap default\/vips: /)
    const manifest = join(path, "manifest.json")
    const names = ["default/other", "default/vips"]
    const turned = readFileSync(manifest, "utf8").replace(JSON.stringify(names), JSON.stringify(names.toReversed()))
    writeFileSync(manifest, turned)
    assert.match((await kkv(["validate", path])).out, /ADDRESS_DECLARED_TWICE: .* for ConfigMap default\/other: /)
  }))

test("validate() refuses a ConfigMap that is named twice", async () => {
  const { status, err } = await kkv(["validate", ".", "--services-configmap", "a/b", "--services-configmap", "a/b"])
  assert.is(status, 2)
  assert.match(err, '"a/b" is named twice')
})

test("validate() takes the only ConfigMap whose keys are addresses", () =>
  inTree(
    { ...GOOD, "v.yaml": configMap(GOOD_LINE), "x.yaml": configMap("foo: x").replace("name: vips", "name: other") },
    async () => {
      const { status, out } = await kkv(["validate", "."])
      assert.is(status, 0)
      assert.match(out, /no problems \(ConfigMap default\/vips\)\n$/)
    },
  ))

test.run()
