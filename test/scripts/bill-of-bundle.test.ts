import { test } from "uvu"
import * as assert from "uvu/assert"
import { type Bill, billOfBundle } from "../../scripts/bill-of-bundle.ts"

const entry = (id: string, packageFileName: string) => ({ SPDXID: id, packageFileName })
const bill: Bill = {
  documentDescribes: ["us"],
  packages: [
    entry("us", ""),
    entry("yaml", "node_modules/yaml"),
    entry("tar", "node_modules/tar"),
    entry("tar-yallist", "node_modules/tar/node_modules/yallist"),
    entry("knip", "node_modules/knip"),
  ],
  relationships: [
    { spdxElementId: "SPDXRef-DOCUMENT", relatedSpdxElement: "us" },
    { spdxElementId: "yaml", relatedSpdxElement: "us" },
    { spdxElementId: "yaml", relatedSpdxElement: "knip" },
    { spdxElementId: "tar-yallist", relatedSpdxElement: "tar" },
  ],
}
const idsOf = (inputs: readonly string[]) => billOfBundle(bill, inputs).packages.map(({ SPDXID }) => SPDXID)

test("billOfBundle() keeps the project and what the bundle's files are from", () => {
  assert.equal(idsOf(["src/kkv.ts", "node_modules/yaml/dist/index.js"]), ["us", "yaml"])
})

test("billOfBundle() tells a package from one within it", () => {
  assert.equal(idsOf(["node_modules/tar/node_modules/yallist/index.js"]), ["us", "tar-yallist"])
})

test("billOfBundle() finds packages where node_modules is a link out of the project", () => {
  assert.equal(idsOf(["../other/node_modules/yaml/dist/index.js"]), ["us", "yaml"])
})

test("billOfBundle() drops what leads to a package that is gone", () => {
  assert.equal(billOfBundle(bill, ["node_modules/yaml/a.js"]).relationships, [
    { spdxElementId: "SPDXRef-DOCUMENT", relatedSpdxElement: "us" },
    { spdxElementId: "yaml", relatedSpdxElement: "us" },
  ])
})

for (const file of [
  "node_modules/zod/a.js",
  "node_modules/yaml-extra/a.js",
  "node_modules/yaml/node_modules/zod/a.js",
]) {
  test(`billOfBundle() refuses ${file}, which is on no bill`, () => {
    assert.throws(() => billOfBundle(bill, [file]), `Cannot list "${file}": its package is not on npm's bill`)
  })
}

test.run()
