import { test } from "uvu"
import * as assert from "uvu/assert"

import { referencesOf } from "../../../src/core/declare/references.ts"
import { REFUSED, REFUSED_MAPPINGS, TAKEN, TAKEN_MAPPINGS } from "../../support/entry-cases.ts"

const table: readonly (readonly [value: string, references: readonly string[]])[] = [
  ...TAKEN.map(({ text, targets }) => [text, targets.map((target) => target.replace(/:\w+$/, ""))] as const),
  ...REFUSED.filter(({ code }) => code !== "BAD_ADDRESS").map(
    ({ text, references = [] }) => [text, references] as const,
  ),
  ["  default/echo:DR  ", ["default/echo"]],
  ["b/x\na/y:DR\n\nb/x:NAT\n", ["a/y", "b/x"]],
]
const rows = [
  ...table.map(([value, references]) => ["10.4.0.50", value, references] as const),
  ...TAKEN_MAPPINGS.map(({ text, targets }) => ["web", text, targets.map((one) => one.replace(/:.*/, ""))] as const),
  ...REFUSED_MAPPINGS.map(([text, , , references]) => ["web", text, references] as const),
]
for (const [key, value, references] of rows) {
  test(`referencesOf() of ${JSON.stringify(value)} gives ${references.join(", ") || "nothing"}`, () => {
    const configMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "vips", namespace: "default", allowMassRemoval: null },
      data: { [key]: value },
    } as const
    assert.equal(
      referencesOf([configMap]).map(({ namespace, name }) => `${namespace}/${name}`),
      [...references].sort(),
    )
  })
}

test.run()
