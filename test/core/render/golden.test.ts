import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseAllDocuments, stringify } from "yaml"
import { GOLDEN, goldenCases, objectFiles, walkGolden } from "../../support/golden.ts"

const update = process.env["UPDATE_GOLDEN"] === "1"

for (const name of goldenCases()) {
  test(`golden ${name} gives the expected keepalived.conf and problems`, () => {
    const { config, problems } = walkGolden(name)
    expect(join(GOLDEN, name, "keepalived.conf"), config)
    expect(join(GOLDEN, name, "problems.txt"), problems)
  })

  test(`golden ${name} gives the same bytes from other files, in another order, and as JSON`, () => {
    const { config } = walkGolden(name)
    const documents = objectFiles(name).flatMap(([, text]) => parseAllDocuments(text).map((one): unknown => one.toJS()))
    const shuffled = fc.shuffledSubarray(documents, { minLength: documents.length, maxLength: documents.length })
    fc.assert(
      fc.property(shuffled, fc.boolean(), fc.boolean(), (order, asJson, asList) => {
        const write = (object: unknown) => (asJson ? JSON.stringify(object) : stringify(object))
        const files = asList
          ? ([["list", write({ apiVersion: "v1", kind: "List", items: order })]] as const)
          : order.map((object, at) => [`${at}`, write(object)] as const)
        assert.is(walkGolden(name, files).config, config)
      }),
      { numRuns: 8 },
    )
  })
}

test("golden seed-scaled has five real servers, sorted, for five pods in two slices", () => {
  const reals = [...walkGolden("seed-scaled").config.matchAll(/real_server (\S+) 8080/g)].map((match) => match[1])
  assert.equal(reals, ["10.2.68.5", "10.2.68.6", "10.2.68.7", "10.2.68.8", "10.2.68.9"])
})

function expect(file: string, text: string): void {
  if (update) writeFileSync(file, text)
  assert.fixture(text, existsSync(file) ? readFileSync(file, "utf8") : "")
}

test.run()
