import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodeFile } from "../../../src/core/objects/decode.ts"
import { encodeConfigMap } from "../../../src/core/objects/encode.ts"
import type { ConfigMap } from "../../../src/core/objects/kinds.ts"
import { parseObject } from "../../../src/core/objects/parse.ts"

/** Names that every JavaScript object has, and others that YAML or a library takes for something else. */
const NAMES = [
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "then", "toJSON", "length"],
  ...["__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "isPrototypeOf", "name"],
  ...["null", "true", "yes", "no", "on", "~", "1", "1e3", "0x10", "010", ".inf", "-", "...", "<<", "=", "2001-01-01"],
  ...["apiVersion", "kind", "metadata", "data", "items", "10.4.0.50", "10.4.0.50.", "a.b", "_", "-a", "A"],
]
const HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: vips\n  namespace: default\n"
const quoted = (key: string) => JSON.stringify(key)

/** The ways to write one entry beside another. */
const FORMS: Readonly<Record<string, (key: string) => string>> = {
  block: (key) => `${HEAD}data:\n  10.4.0.1: a/b\n  ${key}: a/c\n`,
  "block, quoted": (key) => `${HEAD}data:\n  10.4.0.1: a/b\n  ${quoted(key)}: a/c\n`,
  "block, first": (key) => `${HEAD}data:\n  ${quoted(key)}: a/c\n  10.4.0.1: a/b\n`,
  "a block of lines": (key) => `${HEAD}data:\n  10.4.0.1: a/b\n  ${quoted(key)}: |-\n    a/c\n`,
  "an explicit key": (key) => `${HEAD}data:\n  10.4.0.1: a/b\n  ? ${quoted(key)}\n  : a/c\n`,
  flow: (key) => `${HEAD}data: {10.4.0.1: a/b, ${quoted(key)}: a/c}\n`,
  "flow, bare": (key) => `${HEAD}data: {10.4.0.1: a/b, ${key}: a/c}\n`,
  JSON: (key) => json({ "10.4.0.1": "a/b", [key]: "a/c" }),
  "JSON on lines": (key) => JSON.stringify(JSON.parse(json({ "10.4.0.1": "a/b", [key]: "a/c" })), null, 2),
  "a List": (key) => `apiVersion: v1\nkind: List\nitems:\n- ${json({ "10.4.0.1": "a/b", [key]: "a/c" })}`,
}

function json(data: object): string {
  const metadata = { name: "vips", namespace: "default" }
  return `${JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data })}\n`
}

const sorted = (data: ConfigMap["data"] | null) =>
  JSON.stringify(Object.entries(data ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))

const dataIn = (text: string): ConfigMap["data"] | null => {
  const { objects, problems } = decodeFile("vips.yaml", text)
  const object = objects[0]?.object
  return problems.length === 0 && object?.kind === "ConfigMap" ? object.data : null
}

for (const [form, write] of Object.entries(FORMS))
  test(`decodeFile() keeps an entry with any key, or reports it: ${form} (fault 246)`, () => {
    for (const key of NAMES) {
      const text = write(key)
      const { problems } = decodeFile("vips.yaml", text)
      const data = dataIn(text)
      if (data === null) assert.ok(problems.length > 0, `${key} vanishes without a problem`)
      else if (Object.hasOwn(data, key)) assert.is(data[key], "a/c", key)
      // A bare key that YAML reads as another text, as `010` is, is an entry all the same.
      else assert.is(Object.keys(data).length, 2, `${key}: ${JSON.stringify(Object.entries(data))}`)
    }
    assert.is(sorted(dataIn(write("__proto__"))), '[["10.4.0.1","a/b"],["__proto__","a/c"]]')
  })

for (const value of ["7", "null", "{a: b}", "[a]", "true"])
  test(`decodeFile() reports that the value of __proto__ is not a text: ${value} (fault 246)`, () => {
    const { problems } = decodeFile("vips.yaml", `${HEAD}data:\n  "__proto__": ${value}\n  10.4.0.1: a/b\n`)
    assert.equal(
      problems.map(({ code, path }) => [code, path.at(-1)]),
      [["CONFIGMAP_VALUE", "__proto__"]],
    )
  })

test("decodeFile() refuses the fields __proto__ and constructor of a ConfigMap (fault 246)", () => {
  for (const field of ["__proto__", "constructor", "toString"]) {
    const { objects, problems } = decodeFile("vips.yaml", `${HEAD}${field}:\n  10.4.0.1: a/b\n`)
    assert.equal([objects.length, problems.length > 0], [0, true], field)
  }
})

test("parseObject(), encodeConfigMap(), decodeFile() keep every key of any ConfigMap (fault 246)", () => {
  const key = fc.oneof(fc.constantFrom(...NAMES), fc.stringMatching(/^[-._a-zA-Z0-9]{1,20}$/))
  const data = fc.array(fc.tuple(key, fc.constantFrom("", "a/b", "a/b:DR", "x\ny\n")), { maxLength: 8 })
  fc.assert(
    fc.property(data, (entries) => {
      const expected: Readonly<Record<string, string>> = Object.fromEntries(entries)
      const source: unknown = JSON.parse(json(expected))
      const parsed = parseObject(source)
      const object = parsed.kind === "object" && parsed.object.kind === "ConfigMap" ? parsed.object : null
      assert.is(sorted(object?.data ?? null), sorted(expected))
      if (object !== null) assert.is(sorted(dataIn(encodeConfigMap(object))), sorted(expected))
    }),
  )
})

test.run()
