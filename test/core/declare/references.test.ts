import { test } from "uvu"
import * as assert from "uvu/assert"

import { referencesOf } from "../../../src/core/declare/references.ts"

const table: readonly [value: string, ...references: string[]][] = [
  ["default/echo", "default/echo"],
  ["default/echo:NAT", "default/echo"],
  ["default/echo:NATX", "default/echo"],
  ["default/echo:", "default/echo"],
  ["  default/echo:DR  ", "default/echo"],
  ["b/x\na/y:DR\n\nb/x:NAT\n", "a/y", "b/x"],
  [""],
  ["echo"],
  ["a/b/c"],
  ["a//b"],
  ["/b"],
  ["../etc/passwd"],
  ["../etc"],
  ["a/.."],
  ["A/b"],
  [`a/${"b".repeat(64)}`],
  ["a/b c"],
]
for (const [value, ...references] of table) {
  test(`referencesOf() of ${JSON.stringify(value)} gives ${references.join(", ") || "nothing"}`, () => {
    const configMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "vips", namespace: "default", allowMassRemoval: null },
      data: { "10.4.0.50": value },
    } as const
    assert.equal(
      referencesOf([configMap]).map(({ namespace, name }) => `${namespace}/${name}`),
      references,
    )
  })
}

test.run()
