import { test } from "uvu"
import * as assert from "uvu/assert"
import { stringify } from "yaml"
import { decodeFile, decodeLargeFile, MAXIMUM_FILE_BYTES } from "../../../src/core/objects/decode.ts"

const filler = "x".repeat(4_000)

const service = (index: number) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: `s${index}`,
    namespace: "default",
    annotations: { filler, text: 'a "quoted" [text] {\n---\n- more' },
  },
  spec: { clusterIP: `10.96.0.${index % 250}`, ports: [{ port: 80 }] },
})
const configMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "vips", namespace: "default" },
  data: { "10.4.0.50": "default/s1\ndefault/s2" },
}
const objects = [...Array.from({ length: 400 }, (_, index) => service(index)), configMap]
const list = { apiVersion: "v1", items: objects, kind: "List", metadata: { resourceVersion: "" } }
const untyped = objects.slice(0, 400).map(({ kind: _kind, apiVersion: _apiVersion, ...rest }) => rest)
const serviceList = { kind: "ServiceList", apiVersion: "v1", metadata: {}, items: untyped }

const names = (text: string) => {
  const { objects: found, problems } = decodeLargeFile("all.yaml", text)
  assert.equal(problems, [])
  return found.map(({ object }) => `${object.kind} ${object.metadata.name}`)
}
const all = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)

const forms: readonly [form: string, text: string, expected: readonly string[]][] = [
  ["a List as kubectl prints it", stringify(list, { indentSeq: false, lineWidth: 0 }), all],
  ["a List whose items are indented", stringify(list, { lineWidth: 0 }), all],
  ["a List with CRLF", stringify(list, { indentSeq: false, lineWidth: 0 }).replaceAll("\n", "\r\n"), all],
  ["a List in JSON", JSON.stringify(list, null, 4), all],
  ["a List in JSON on one line", JSON.stringify(list), all],
  ["documents", objects.map((object) => stringify(object, { lineWidth: 0 })).join("---\n"), all],
  ["a ServiceList in YAML", stringify(serviceList, { lineWidth: 0 }), all.slice(0, 400)],
  ["a ServiceList in JSON", JSON.stringify(serviceList), all.slice(0, 400)],
]
for (const [form, text, expected] of forms)
  test(`decodeLargeFile() reads ${form} that is larger than any object may be`, () => {
    assert.ok(text.length > MAXIMUM_FILE_BYTES)
    assert.equal(names(text), expected)
  })

for (const [form, text] of [
  ["YAML", stringify(list, { indentSeq: false, lineWidth: 0 })],
  ["JSON", JSON.stringify(list, null, 4)],
] as const)
  test(`decodeLargeFile() gives the lines of the file: ${form}`, () => {
    const found = decodeLargeFile("all.yaml", text).objects.at(-1)
    const lines = text.split("\n")
    const line = found?.keyPlaces.get("10.4.0.50")?.line ?? 0
    assert.match(lines[line - 1] ?? "", /10\.4\.0\.50/)
    const broken = text.replace(/("?port"?: )80(?=[^]{0,20000}$)/, '$1"x"')
    const [problem] = decodeLargeFile("all.yaml", broken).problems
    assert.is(problem?.code, "OBJECT_SHAPE")
    assert.match(broken.split("\n")[(problem?.place?.line ?? 0) - 1] ?? "", /port/)
  })

test("decodeLargeFile() names the line of an object that is too large", () => {
  const huge = { ...configMap, data: { "10.4.0.50": "x".repeat(MAXIMUM_FILE_BYTES) } }
  const text = `${stringify(configMap)}---\n${stringify(huge, { lineWidth: 0 })}`
  const { objects: found, problems } = decodeLargeFile("all.yaml", text)
  assert.is(found.length, 1)
  assert.equal(
    problems.map(({ code, place }) => [code, place?.line]),
    [["FILE_TOO_LARGE", 10]],
  )
})

/** What asks for much work by few bytes, and what is said of it. */
const TIRING: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  [
    "a string of quotes without an end",
    `{"kind":"List","items":["${'\\"'.repeat(1_000_000)}`,
    /it has more than 1048576 bytes/,
  ],
  ["a million documents", "---\n".repeat(1_000_000), /it has more than 200000 objects/],
  ["a million items", `kind: List\nitems:\n${"- a\n".repeat(1_000_000)}`, /it has more than 200000 objects/],
  [
    "a million items in JSON",
    `{"kind":"List","items":[${'{"a":1},'.repeat(1_000_000)}]}`,
    /it has more than 200000 objects/,
  ],
]
for (const [what, text, says] of TIRING)
  test(`decodeLargeFile() refuses ${what} at once`, () => {
    const { objects: found, problems } = decodeLargeFile("all.yaml", text)
    assert.equal([found.length, problems.map(({ code }) => code)], [0, ["FILE_TOO_LARGE"]])
    assert.match(problems[0]?.message ?? "", says)
  })

const apiVersions = {
  Service: "v1",
  EndpointSlice: "discovery.k8s.io/v1",
  Node: "v1",
  ConfigMap: "v1",
  Endpoints: "v1",
}
for (const [kind, apiVersion] of Object.entries(apiVersions))
  test(`decodeFile() reads a ${kind}List, whose items have no kind`, () => {
    const metadata = { name: "a", namespace: "default", labels: { "kubernetes.io/service-name": "a" } }
    const spec = { clusterIP: "10.96.0.1", ports: [{ port: 80 }] }
    const item = kind === "ConfigMap" ? { metadata, data: {} } : { metadata, spec, addressType: "IPv4", endpoints: [] }
    for (const text of [
      stringify({ kind: `${kind}List`, apiVersion, items: [item] }),
      JSON.stringify({ kind: `${kind}List`, apiVersion, metadata: {}, items: [item] }),
    ]) {
      const decoded = decodeFile("list.yaml", text)
      assert.equal(decoded.problems, [])
      assert.equal(
        decoded.objects.map(({ object }) => `${object.kind} ${object.metadata.name}`),
        [`${kind} a`],
      )
    }
  })

test("decodeFile() ignores lists of other kinds", () => {
  const text = stringify({ kind: "PodList", apiVersion: "v1", items: [{ metadata: { name: "a" } }] })
  assert.equal(decodeFile("list.yaml", text), { objects: [], problems: [] })
})

test.run()
