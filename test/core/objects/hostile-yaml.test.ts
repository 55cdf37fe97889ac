import { test } from "uvu"
import * as assert from "uvu/assert"
import { decodeFile } from "../../../src/core/objects/decode.ts"
import type { ClusterObject } from "../../../src/core/objects/kinds.ts"
import { figures } from "../../support/figures.ts"
import { vipsText } from "../../support/manifests.ts"
import { processorTime } from "../../support/processor-time.ts"

const head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: vips\n"
const bomb = (levels: number, width: number) =>
  Array.from({ length: levels }, (_, level) => {
    const items = Array.from({ length: width }, () => (level === 0 ? "lol" : `*a${level - 1}`))
    return `a${level}: &a${level} [${items.join(", ")}]\n`
  }).join("")

/** Refused texts of the VIP ConfigMap, with their codes. */
const refused: readonly [what: string, text: string, codes: RegExp][] = [
  ["a bomb of aliases, 10^9 when followed", `${head}${bomb(9, 10)}`, /^YAML_(?:ALIAS|ANCHOR)$/],
  ["a bomb of aliases with 200 in a row", `${head}${bomb(3, 200)}`, /^YAML_(?:ALIAS|ANCHOR)$/],
  ["an anchor that refers to itself", `${head}data: &d\n  10.4.0.50: *d\n`, /^YAML_(?:ALIAS|ANCHOR)$/],
  ["a flow of depth 1,000", `${head}data: ${"[".repeat(1000)}${"]".repeat(1000)}\n`, /^(?:YAML_SYNTAX|OBJECT_SHAPE)$/],
  ["a flow of depth 1,000 that never ends", `${head}data: ${"{a: ".repeat(1000)}\n`, /^YAML_SYNTAX$/],
  ["sequences of depth 1,000 in a line", `${head}data:\n  ${"- ".repeat(1000)}a\n`, /^(?:YAML_SYNTAX|OBJECT_SHAPE)$/],
  [
    "mappings of depth 500 in lines",
    `${head}data:\n${Array.from({ length: 500 }, (_, depth) => `${" ".repeat(depth + 1)}a:\n`).join("")}`,
    /^(?:YAML_SYNTAX|CONFIGMAP_VALUE)$/,
  ],
  ["a duplicate key", vipsText("10.4.0.50: a/b", "10.4.0.50: a/c"), /^YAML_DUPLICATE_KEY$/],
  [
    "200 keys that stand there twice",
    vipsText(...Array.from({ length: 400 }, (_, n) => `k${n % 200}: a/b`)),
    /^YAML_DUPLICATE_KEY$/,
  ],
  ["a tab", `${head}data:\n\t10.4.0.50: a/b\n`, /^YAML_TAB$/],
  ["a tag of a language", `${head}data: !!js/function "f"\n`, /^(?:YAML_TAG|OBJECT_SHAPE)$/],
  [
    "a tag on an entry",
    vipsText('10.4.0.50: !!python/object/apply:os.system ["id"]'),
    /^(?:YAML_TAG|CONFIGMAP_VALUE)$/,
  ],
  ["a merge key", `${head}data:\n  <<: {10.4.0.50: a/b}\n`, /^YAML_MERGE_KEY$/],
]
for (const [what, text, codes] of refused)
  test(`decodeFile() refuses ${what} within 100 ms, and returns nothing from it (fault 61)`, () => {
    const tookMs = quickest(() => decodeFile("vips.yaml", text))
    figures({ processorMs: tookMs })
    assert.ok(tookMs < 100, `${tookMs} ms`)
    const { objects, problems } = decodeFile("vips.yaml", text)
    assert.equal(objects, [])
    assert.ok(problems.length > 0)
    for (const { code, place } of problems) {
      assert.match(code, codes)
      assert.ok(place?.line !== null && place?.line !== undefined)
    }
  })

test("decodeFile() reads a second document as a second object, and the join refuses a second ConfigMap of the same name (fault 61)", () => {
  const { objects, problems } = decodeFile(
    "vips.yaml",
    `${vipsText("10.4.0.50: a/b")}---\n${vipsText("10.4.0.51: a/b")}`,
  )
  assert.is(objects.length, 2)
  assert.equal(problems, [])
})

/** The least processor time of three runs, in ms. */
function quickest(what: () => unknown): number {
  const runs = [0, 1, 2].map(() => {
    const tookMs = processorTime()
    what()
    return tookMs()
  })
  return Math.min(...runs)
}

/** The typed fields of the objects: a text around the value, and what is read of it where it is taken. */
const service = (port: string) =>
  `apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  ports:\n    - ${port}\n`
const slice = (fields: string) =>
  `apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: a-1\n  service: a\n${fields}\n`
const FIELDS: Readonly<Record<string, (value: string) => string>> = {
  "Service port": (value) => service(`port: ${value}`),
  "Service targetPort": (value) => service(`port: 80\n      targetPort: ${value}`),
  "Service protocol": (value) => service(`port: 80\n      protocol: ${value}`),
  "slice port": (value) => slice(`addressType: IPv4\nports:\n  - port: ${value}\nendpoints: []`),
  "slice addressType": (value) => slice(`addressType: ${value}\nports: []\nendpoints: []`),
  "slice address": (value) => slice(`addressType: IPv4\nendpoints:\n  - addresses: [${value}]`),
  "slice ready": (value) =>
    slice(`addressType: IPv4\nendpoints:\n  - addresses: [10.2.0.1]\n    conditions: {ready: ${value}}`),
  "an entry": (value) => `${head}data:\n  10.4.0.50: ${value}\n`,
  "a Node's address": (value) =>
    `apiVersion: v1\nkind: Node\nmetadata:\n  name: n1\nstatus:\n  addresses:\n    - {type: InternalIP, address: ${value}}\n`,
}
const VALUES = [
  ...["1.10", "010", "0x10", "0o10", "1e3", "9223372036854775808", "-9223372036854775809", "-0", "NaN", ".nan", ".inf"],
  ...["yes", "on", "y", "~", "null", "1_000", "1:30", "+80", "80.0", "080", "0b11", "2026-11-23"],
]

/** What is read of those that are taken: each has one meaning, and kubectl's is the same. All others are refused. */
const PORTS = { "0x10": 16, "0o10": 8, "1e3": 1000, "+80": 80, "80.0": 80 }
const WORDS = ["NaN", "yes", "on", "y", "1_000", "1:30", "0b11", "2026-11-23"]
const texts = Object.fromEntries(WORDS.map((text) => [text, text]))
const TAKEN: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "Service port": PORTS,
  // The name of a container's port, or absent; 0 means absent. It decides nothing that we render.
  "Service targetPort": { ...PORTS, ...texts, "-0": 80, "~": 80, null: 80 },
  "Service protocol": { "~": "TCP", null: "TCP" },
  // Without a number it means all ports, which is left out.
  "slice port": { ...PORTS, "~": undefined, null: undefined },
  "slice addressType": {},
  // A text that is not an address: the endpoint is left out with BAD_ENDPOINT_ADDRESS.
  "slice address": texts,
  "slice ready": { "~": true, null: true },
  // A text that is not namespace/service: the entry is refused with BAD_TARGET.
  "an entry": texts,
  // A text that is not an address: such a Node has none.
  "a Node's address": texts,
}

for (const [field, textOf] of Object.entries(FIELDS))
  test(`decodeFile() gives ${field} one meaning, or refuses it: ${VALUES.join(" ")} (fault 62)`, () => {
    const read: Record<string, unknown> = {}
    for (const value of VALUES) {
      const { objects, problems } = decodeFile("f.yaml", textOf(value))
      assert.is(objects.length + Math.min(1, problems.length), 1, value)
      if (objects[0] !== undefined) read[value] = fieldOf(objects[0].object, field)
    }
    assert.equal(read, TAKEN[field])
  })

function fieldOf(object: ClusterObject, field: string): unknown {
  switch (object.kind) {
    case "ConfigMap":
      return object.data["10.4.0.50"]
    case "Service": {
      const [port] = object.spec.ports
      return field === "Service port" ? port?.port : field === "Service protocol" ? port?.protocol : port?.targetPort
    }
    case "EndpointSlice": {
      const [endpoint] = object.endpoints
      if (field === "slice port") return object.ports[0]?.port
      return field === "slice ready" ? endpoint?.conditions.ready : endpoint?.addresses[0]
    }
    case "Node":
      return object.status.addresses[0]?.address
    case "Endpoints":
      return object
  }
}

test("decodeFile() reads brackets in a text as text: one entry full of them does not affect other entries (faults 58, 65)", () => {
  const hostile = "{".repeat(5000)
  for (const text of [
    vipsText("10.4.0.50: default/echo", `10.4.0.51: "${hostile}\\u2028"`),
    vipsText("10.4.0.50: default/echo", `10.4.0.51: '${hostile}'`, "10.4.0.52: |", `  ${"- ".repeat(300)}`),
  ]) {
    const [vips] = decodeFile("vips.yaml", text).objects
    assert.is(vips?.object.kind === "ConfigMap" ? vips.object.data["10.4.0.50"] : null, "default/echo")
  }
})

test.run()
