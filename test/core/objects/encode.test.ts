import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseAllDocuments } from "yaml"

import { decodeFile, decodeGenerationFile } from "../../../src/core/objects/decode.ts"
import { encodeConfigMap, encodeNodes, encodeService, type ServiceManifests } from "../../../src/core/objects/encode.ts"
import type { ClusterObject, EndpointSlice } from "../../../src/core/objects/kinds.ts"
import { compare } from "../../../src/kit/problem.ts"
import { anyConfigMap, anyNode, anyService } from "../../support/objects.ts"

function decoded(text: string): readonly ClusterObject[] {
  const { objects, problems } = decodeGenerationFile("f.json", text)
  assert.equal(problems, [])
  const all = objects.map(({ object }) => object)
  // A person's tools read it alike.
  assert.equal(
    decodeFile("f", text).objects.map(({ object }) => object),
    all,
  )
  return all
}

const byText = (a: unknown, b: unknown) => compare(JSON.stringify(a), JSON.stringify(b))

/** The objects with the orders taken away that carry no meaning. */
function unordered({ service, slices, endpoints }: ServiceManifests): unknown {
  return {
    service,
    slices: slices
      .map((slice) => ({
        ...slice,
        ports: slice.ports.toSorted(byText),
        endpoints: slice.endpoints.toSorted(byText),
      }))
      .toSorted(byText),
    endpoints: endpoints?.subsets
      .map(({ addresses, ports }) => ({
        addresses: addresses.toSorted(byText),
        ports: ports.toSorted(byText),
      }))
      .toSorted(byText),
  }
}

test("encodeConfigMap() is read back as the same ConfigMap, entries in order", () => {
  fc.assert(
    fc.property(anyConfigMap, (configMap) => {
      const [back] = decoded(encodeConfigMap(configMap))
      assert.equal(back, configMap)
      assert.equal(Object.keys(back?.kind === "ConfigMap" ? back.data : {}), Object.keys(configMap.data))
    }),
    { numRuns: 300 },
  )
})

test("encodeNodes() is read back as the same Nodes, sorted", () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyNode, { selector: ({ metadata }) => metadata.name }), (nodes) => {
      assert.equal(
        decoded(encodeNodes(nodes)),
        nodes.toSorted((a, b) => compare(a.metadata.name, b.metadata.name)),
      )
    }),
  )
})

test("encodeService() is read back as the same objects, in any input order", () => {
  fc.assert(
    fc.property(anyService, (manifests) => {
      const text = encodeService(manifests)
      const [service, ...rest] = decoded(text)
      assert.ok(service?.kind === "Service")
      const slices = rest.filter((object): object is EndpointSlice => object.kind === "EndpointSlice")
      const endpoints = rest.find((object) => object.kind === "Endpoints") ?? null
      assert.equal(unordered({ service, slices, endpoints }), unordered(manifests))
      const reversed = manifests.slices
        .toReversed()
        .map((slice) => ({ ...slice, endpoints: slice.endpoints.toReversed() }))
      assert.is(encodeService({ ...manifests, slices: reversed }), text)
    }),
    { numRuns: 200 },
  )
})

test("encodeService() writes text that YAML 1.1 readers read the same way", () => {
  fc.assert(
    fc.property(anyService, (manifests) => {
      const text = encodeService(manifests)
      const [one, two] = (["1.1", "1.2"] as const).map((version) => {
        const documents = parseAllDocuments(text, { version, logLevel: "silent" })
        return Array.isArray(documents) ? documents.map((document) => document.toJS() as unknown) : []
      })
      assert.equal(one, two)
    }),
  )
})

const slice: EndpointSlice = {
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: "echo-x", namespace: "web", service: "echo" },
  addressType: "IPv4",
  ports: [{ name: "", port: 8080, protocol: "TCP" }],
  endpoints: [
    { addresses: ["10.2.0.2"], conditions: { ready: false, serving: true, terminating: true }, nodeName: null },
    { addresses: ["10.2.0.1"], conditions: { ready: true, serving: true, terminating: false }, nodeName: "n1" },
  ],
}

test("encodeService() writes a readable manifest, one line per endpoint", () => {
  const text = encodeService({
    service: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "echo", namespace: "web" },
      spec: {
        type: "ClusterIP",
        clusterIP: "10.96.0.1",
        ports: [{ name: "http", port: 80, protocol: "TCP", targetPort: "web" }],
      },
      traffic: null,
    },
    slices: [slice],
    endpoints: null,
  })
  assert.is(
    text,
    `{
 "apiVersion": "v1",
 "kind": "List",
 "items": [
  {
   "apiVersion": "v1",
   "kind": "Service",
   "metadata": {"namespace":"web","name":"echo"},
   "spec": {
    "type": "ClusterIP",
    "clusterIP": "10.96.0.1",
    "ports": [
     {"name":"http","port":80,"protocol":"TCP","targetPort":"web"}
    ]
   }
  },
  {
   "apiVersion": "discovery.k8s.io/v1",
   "kind": "EndpointSlice",
   "metadata": {"namespace":"web","name":"echo-x","labels":{"kubernetes.io/service-name":"echo"}},
   "addressType": "IPv4",
   "ports": [
    {"port":8080,"protocol":"TCP"}
   ],
   "endpoints": [
    {"addresses":["10.2.0.1"],"conditions":{"ready":true},"nodeName":"n1"},
    {"addresses":["10.2.0.2"],"conditions":{"ready":false,"serving":true,"terminating":true}}
   ]
  }
 ]
}
`,
  )
})

test("encodeConfigMap() writes entries in the form that users write", () => {
  const data = { "10.4.0.50": "default/echo:NAT", "10.4.0.51": "", "10.4.0.52": "a/b\nc/d:DR\n" }
  assert.is(
    encodeConfigMap({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "vips", namespace: "default", allowMassRemoval: null },
      data,
    }),
    `apiVersion: v1
kind: ConfigMap
metadata:
  namespace: default
  name: vips
data:
  10.4.0.50: default/echo:NAT
  10.4.0.51: ""
  10.4.0.52: |
    a/b
    c/d:DR
`,
  )
})

for (const value of [
  "addresses: [10.4.0.50]\nservices:\n  - service: a/b\n\n    ports: [http]\n",
  "a: 1\n  b",
  "a\n\n\nb",
])
  test(`encodeConfigMap() writes a block whose lines are those of ${JSON.stringify(value)}`, () => {
    const metadata = { name: "vips", namespace: "default", allowMassRemoval: null }
    const text = encodeConfigMap({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { web: value } })
    const [placed] = decodeFile("vips.yaml", text).objects
    assert.equal(placed?.object.kind === "ConfigMap" && placed.object.data, { web: value })
    assert.equal(placed?.firstLines?.get("web"), { file: "vips.yaml", line: 8, column: 5 })
  })

for (const value of ["a\n", " a\nb", "a\n  \nb", "a\nb\n\n", "a\tb\nc", "a\nb\u00e9"])
  test(`encodeConfigMap() quotes ${JSON.stringify(value)}, which a block would change or hide`, () => {
    const metadata = { name: "vips", namespace: "default", allowMassRemoval: null }
    const text = encodeConfigMap({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { web: value } })
    const [placed] = decodeFile("vips.yaml", text).objects
    assert.equal(placed?.object.kind === "ConfigMap" && placed.object.data, { web: value })
    assert.is(placed?.firstLines, undefined)
  })

test("encodeNodes() writes an empty list for no Nodes", () => {
  const text = encodeNodes([])
  assert.is(text, '{"apiVersion":"v1","kind":"List","items":[]}\n')
  assert.equal(decoded(text), [])
})

for (const [what, text] of [
  ["text that is not JSON", "{"],
  ["a single object", '{"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"}}'],
  [
    "a List with a broken object",
    '{"kind":"List","items":[{"apiVersion":"v1","kind":"Node","metadata":{"name":"N 1"}}]}',
  ],
  [
    "a List with something else",
    '{"kind":"List","items":[1,{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}]}',
  ],
  ["a duplicate key", '{"kind":"List","kind":"List","items":{}}'],
  [
    "a List with a ConfigMap",
    '{"kind":"List","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"10.4.0.50":"a/b"}}]}',
  ],
] as const)
  test(`decodeGenerationFile() reads ${what} with the YAML parser`, () => {
    assert.equal(decodeGenerationFile("nodes.json", text), decodeFile("nodes.json", text))
  })

test.run()
