import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodeFile } from "../../../src/core/objects/decode.ts"
import type { ObjectProblemCode } from "../../../src/core/objects/problem-codes.ts"
import { placeText } from "../../../src/kit/problem.ts"
import { nodeText, serviceText, vipsText } from "../../support/manifests.ts"
import { processorTime } from "../../support/processor-time.ts"

/** `line:column CODE`, sorted as found. */
function problemsOf(text: string): readonly string[] {
  return decodeFile("f", text).problems.map(({ place, code }) => `${place === null ? "" : placeText(place)} ${code}`)
}

const service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: echo\n"
const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: vips\n"

const refused: readonly [what: string, text: string, ...problems: `${string} ${ObjectProblemCode}`[]][] = [
  ["broken YAML", `${service}spec: {\n`, "f:6:1 YAML_SYNTAX"],
  ["a tab", `${service}spec:\n\ttype: x\n`, "f:6:1 YAML_TAB"],
  ["a duplicate key", `${service}  name: other\n`, "f:5:3 YAML_DUPLICATE_KEY"],
  ["an alias and its anchor", `${service}spec: &a\n  type: *a\n`, "f:6:3 YAML_ANCHOR", "f:6:9 YAML_ALIAS"],
  ["a kind behind an alias", "apiVersion: &v v1\nkind: *v\n", "f:1:16 YAML_ANCHOR", "f:2:7 YAML_ALIAS"],
  ["a merge key", `${service}<<: {spec: {}}\n`, "f:5:1 YAML_MERGE_KEY"],
  ["an unknown tag", `${service}spec: !x {}\n`, "f:5:7 YAML_TAG"],
  ["a byte order mark", `\ufeff${service}`, "f:1:1 FILE_BYTE_ORDER_MARK"],
  ["a NUL", `${service}# \0\n`, "f:5:3 FILE_NUL"],
  ["2 MiB", `${service}# ${"x".repeat(2 * 1024 * 1024)}\n`, "f FILE_TOO_LARGE"],
  ["1 MiB of two-byte letters", `${service}# ${"é".repeat(600 * 1024)}\n`, "f FILE_TOO_LARGE"],
  ["a port above 65535", `${service}spec:\n  ports:\n    - port: 70000\n`, "f:7:13 OBJECT_SHAPE"],
  [
    "two wrong fields",
    `${service}spec:\n  ports:\n    - port: "80"\n    - {}\n`,
    "f:7:13 OBJECT_SHAPE",
    "f:8:7 OBJECT_SHAPE",
  ],
  [
    "a name that leaves the directory",
    "apiVersion: v1\nkind: Service\nmetadata:\n  name: ../../etc\n",
    "f:4:9 OBJECT_NAME",
  ],
  ["a Service with a dot in its name", "apiVersion: v1\nkind: Service\nmetadata:\n  name: a.b\n", "f:4:9 OBJECT_NAME"],
  ["a namespace that is a path", `${service}  namespace: a/b\n`, "f:5:14 OBJECT_NAME"],
  ["no name", "apiVersion: v1\nkind: Service\nmetadata: {}\n", "f:3:11 OBJECT_NAME"],
  ["no apiVersion", "kind: Service\nmetadata:\n  name: echo\n", "f:1:1 OBJECT_SHAPE"],
  ["an empty entry", `${configMap}data:\n  10.4.0.50:\n`, "f:6:3 CONFIGMAP_VALUE"],
  ["a number as entry", `${configMap}data:\n  10.4.0.50: 1.10\n`, "f:6:3 CONFIGMAP_VALUE"],
  ["a mapping as entry", `${configMap}data:\n  web:\n    address: 10.4.0.50\n`, "f:6:3 CONFIGMAP_VALUE"],
  ["binaryData alone", `${configMap}binaryData:\n  10.4.0.50: YQ==\n`, "f:5:1 CONFIGMAP_VALUE"],
]
for (const [what, text, ...problems] of refused) {
  test(`decodeFile() reports ${what} with its place`, () => assert.equal(problemsOf(text), problems))
}

test("decodeFile() reports everything at once and still gives the good objects", () => {
  const text = `${configMap}data:\n  10.4.0.50:\n  10.4.0.51: 5\n---\n${service}---\n${service}spec: !x {}\n`
  assert.equal(problemsOf(text), ["f:6:3 CONFIGMAP_VALUE", "f:7:3 CONFIGMAP_VALUE", "f:18:7 YAML_TAG"])
  assert.equal(
    decodeFile("f", text).objects.map(({ object }) => object.kind),
    ["Service"],
  )
})

for (const [key, expected] of [
  ["10.4.0.50:", 'write "" for a VIP without a Service'],
  ["10.4.0.50: 1.10", "put it in quotes"],
] as const) {
  test(`decodeFile() says what to do about "${key}"`, () => {
    const [problem] = decodeFile("f", `${configMap}data:\n  ${key}\n`).problems
    assert.ok(problem?.message.includes(expected), problem?.message)
  })
}

for (const [what, text] of [
  ["nothing", ""],
  ["a comment", "# hello\n"],
  ["empty documents", "---\n---\n"],
  ["a list", "- a\n- b\n"],
  ["another kind, with tags and anchors of its own", "kind: Other\na: &x !Ref y\nb: *x\nb: 2\n"],
  ["a Service of another API group", "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: A_B\n"],
  [
    "a slice that belongs to no Service",
    "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: x\naddressType: IPv4\n",
  ],
] as const) {
  test(`decodeFile() ignores ${what}`, () => assert.equal(decodeFile("f", text), { objects: [], problems: [] }))
}

test("decodeFile() reads documents, Lists and JSON with the same result", () => {
  const text = `${vipsText("10.4.0.50: default/echo")}---\n${serviceText("echo", ["10.2.0.1"])}---\n${nodeText("n1", "10.4.0.3")}`
  const one = decodeFile("f", text).objects.map(({ object }) => object)
  assert.equal(
    one.map(({ kind }) => kind),
    ["ConfigMap", "Service", "EndpointSlice", "Node"],
  )
  // What is trimmed is a manifest again, but for the label; so the List carries that as `metadata.service`.
  for (const indent of [0, 2, "\t"]) {
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: one }, null, indent)
    assert.equal(
      decodeFile("f", list).objects.map(({ object }) => object),
      one,
    )
  }
})

test("decodeFile() trims a whole API object, with the API's defaults", () => {
  const text = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: echo-abc
  namespace: web
  resourceVersion: "12"
  managedFields: [{manager: x}]
  labels: {kubernetes.io/service-name: echo, other: "yes"}
addressType: IPv4
ports: [{name: null, port: 8080, protocol: null, appProtocol: http}, {port: null}]
endpoints:
- addresses: [10.2.0.1]
  conditions: {}
  targetRef: {kind: Pod}
- addresses: [10.2.0.2]
  conditions: {ready: false, serving: true, terminating: true}
  nodeName: n1
`
  assert.equal(decodeFile("f", text).objects[0]?.object, {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "echo-abc", namespace: "web", service: "echo" },
    addressType: "IPv4",
    ports: [{ name: "", port: 8080, protocol: "TCP" }],
    endpoints: [
      { addresses: ["10.2.0.1"], conditions: { ready: true, serving: true, terminating: false }, nodeName: null },
      { addresses: ["10.2.0.2"], conditions: { ready: false, serving: true, terminating: true }, nodeName: "n1" },
    ],
  })
})

test("decodeFile() keeps the places of objects and entries", () => {
  const text = `# vips\n${configMap}data:\n  10.4.0.50: default/echo\n  10.4.0.51: |\n    a/b\n---\n${service}`
  const [vips, echo] = decodeFile("dir/f.yaml", text).objects
  assert.equal(vips?.place, { file: "dir/f.yaml", line: 2, column: 1 })
  assert.equal(
    [...(vips?.keyPlaces ?? [])],
    [
      ["10.4.0.50", { file: "dir/f.yaml", line: 7, column: 3 }],
      ["10.4.0.51", { file: "dir/f.yaml", line: 8, column: 3 }],
    ],
  )
  assert.equal(echo?.place, { file: "dir/f.yaml", line: 11, column: 1 })
})

test("decodeFile() gives the same places on the fast way as on the slow one", () => {
  const fast = `${configMap}data:\n  10.4.0.50: default/echo\n`
  const [a] = decodeFile("f", fast).objects
  const [b] = decodeFile("f", `${fast}# slow\n`).objects
  assert.equal(a, b)
})

test("decodeFile() keeps the order of entries whose keys are not numbers", () => {
  const [vips] = decodeFile("f", vipsText("10.4.0.9: a/b", "10.4.0.1: a/b", "x: a/b")).objects
  assert.equal(vips?.object.kind === "ConfigMap" ? Object.keys(vips.object.data) : [], ["10.4.0.9", "10.4.0.1", "x"])
})

test("decodeFile() refuses bombs quickly (fault 61)", () => {
  const tookMs = processorTime()
  const bomb = `a: &a [x,x,x]\n${["b", "c", "d", "e", "f"].map((key) => `${key}: &${key} [*a,*a,*a]\n`).join("")}`
  assert.ok(problemsOf(`${service}${bomb}`).every((problem) => /ALIAS|ANCHOR/.test(problem)))
  for (const depth of [100, 5000, 100_000]) problemsOf(`${service}spec: ${"[".repeat(depth)}\n`)
  problemsOf(`${service}spec: ${"[".repeat(5000)}${"]".repeat(5000)}\n`)
  problemsOf(Array.from({ length: 700 }, (_, depth) => `${" ".repeat(2 * depth)}a:\n`).join(""))
  assert.ok(tookMs() < 1000)
})

test("decodeFile() shows a hundred problems of a file, and how many more there are", () => {
  const text = `${configMap}data:\n${Array.from({ length: 5000 }, (_, index) => `  key-${index}:\n`).join("")}`
  const { problems } = decodeFile("f", text)
  assert.is(problems.length, 101)
  assert.ok(problems[100]?.message.startsWith("Cannot show all problems"))
})

test("decodeFile() of a text cut at any byte never throws", () => {
  const text = `${vipsText("10.4.0.50: default/echo", "10.4.0.51: |", "  a/b")}---\n${serviceText("echo", ["10.2.0.1"])}`
  for (let end = 0; end < text.length; end++) decodeFile("f", text.slice(0, end))
})

test.run()
