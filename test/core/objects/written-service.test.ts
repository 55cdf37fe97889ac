import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodeYaml } from "../../../src/core/objects/decode-yaml.ts"
import { decodeFile } from "../../../src/core/objects/decode.ts"
import { encodeService, type ServiceManifests } from "../../../src/core/objects/encode.ts"
import { decodeWrittenService } from "../../../src/core/objects/written-service.ts"
import { anyService, usualService } from "../../support/objects.ts"

const SERVICE = `apiVersion: v1
kind: Service
metadata:
  namespace: default
  name: echo
spec:
  type: ClusterIP
  clusterIP: 10.96.0.7
  ports:
    - {name: http, port: 80, protocol: TCP, targetPort: 8080}
    - {port: 53, protocol: UDP, targetPort: dns}
`

const SLICE = `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  namespace: default
  name: echo-abc12.x
  labels:
    kubernetes.io/service-name: echo
addressType: IPv4
ports:
  - {name: http, port: 8080, protocol: TCP}
  - {port: 5353, protocol: UDP}
endpoints:
  - {addresses: [10.2.1.5], conditions: {ready: true}}
  - {addresses: [10.2.1.6], conditions: {ready: false}, nodeName: node-1.lan}
  - {addresses: [10.2.1.7], conditions: {ready: false, serving: true, terminating: true}, nodeName: 10.4.0.3}
  - {addresses: [10.2.1.8], conditions: {ready: true, serving: true}, nodeName: trueish}
`

const TEXT = `${SERVICE}${SLICE}${SLICE.replace("abc12", "abc13")}`

for (const [what, text] of [
  ["a Service with two slices", TEXT],
  ["a Service alone", SERVICE],
  ["a Service without a cluster IP", TEXT.replace(/ {2}clusterIP: .*\n/, "")],
  ["a headless Service", TEXT.replace("10.96.0.7", "None")],
  ["a Service without ports", TEXT.replace(/ {2}ports:\n(?: {4}- .*\n)+/, "  ports: []\n")],
  ["slices without endpoints", TEXT.replaceAll(/endpoints:\n(?: {2}- .*\n)+/g, "endpoints: []\n")],
  ["slices without ports", TEXT.replaceAll(/^ports:\n(?: {2}- .*\n)+/gm, "ports: []\n")],
  ["the last port", TEXT.replaceAll(/port: \d+/g, "port: 65535")],
  ["the longest name of a Service", TEXT.replaceAll("echo\n", `${"e".repeat(63)}\n`)],
  ["the longest name of a slice", TEXT.replaceAll("echo-abc12.x", "e".repeat(253))],
] as const)
  test(`decodeWrittenService() reads ${what}`, () => {
    const read = decodeWrittenService("f", text)
    assert.ok(read !== null)
    assert.equal(read, decodeYaml("f", text))
    assert.equal(read.problems, [])
  })

for (const [what, from, to] of [
  ["two addresses", "[10.2.1.5]", "[10.2.1.5, 10.2.1.6]"],
  ["an IPv6 address", "[10.2.1.5]", '["fd00::1"]'],
  ["no address", "[10.2.1.5]", "[]"],
  ["no readiness", "{ready: true}", "{}"],
  ["a word that is no boolean", "{ready: true}", "{ready: yes}"],
  ["a null for a node", "node-1.lan", "null"],
  ["a boolean for a node", "node-1.lan", "true"],
  ["a number for a node", "node-1.lan", "12"],
  ["a node's name that is too long", "node-1.lan", "n".repeat(254)],
  ["a comment", "{ready: true}}", "{ready: true}} # a"],
  ["a comment between lines", "endpoints:\n", "endpoints:\n# a\n"],
  ["other indentation", "endpoints:\n  - ", "endpoints:\n    - "],
  ["another order", "port: 80, protocol: TCP", "protocol: TCP, port: 80"],
  ["a port above 65535", "port: 80,", "port: 65536,"],
  ["a port of a slice above 65535", "port: 5353", "port: 65536"],
  ["port 0", "port: 80,", "port: 0,"],
  ["a port that reads as octal", "port: 80,", "port: 080,"],
  ["a protocol in small letters", "protocol: TCP", "protocol: tcp"],
  ["a null for the name of a port", "name: http", "name: null"],
  ["the name of a port that is too long", "name: http", `name: ${"h".repeat(254)}`],
  ["a null for a target port", "targetPort: dns", "targetPort: null"],
  ["a Service's name with a dot", "name: echo\n", "name: echo.x\n"],
  ["a Service's name that ends with a dash", "name: echo\n", "name: echo-\n"],
  ["a Service's name that is too long", "name: echo\n", `name: ${"e".repeat(64)}\n`],
  ["a null for the name of a Service", "name: echo\n", "name: null\n"],
  ["a namespace with a dot", "namespace: default", "namespace: default.x"],
  ["a slice's name that ends with a dot", "echo-abc12.x", "echo-abc12."],
  ["a slice's name that is too long", "echo-abc12.x", "e".repeat(254)],
  ["the name of no Service in a label", "service-name: echo", "service-name: echo.x"],
  ["a list with nothing in it", /^ports:\n(?: {2}- .*\n)+/m, "ports:\n"],
  ["IPv6 slices", "addressType: IPv4", "addressType: IPv6"],
  ["another kind of Service", "type: ClusterIP", "type: Other"],
  ["an IPv6 cluster IP", "10.96.0.7", '"fd00::7"'],
  ["a Service that keeps clients with their pods", "  ports:\n", "  sessionAffinity: ClientIP\n  ports:\n"],
  ["a Service that has a load balancer", "---\n", "status: {loadBalancer: {ingress: [{ip: 10.4.0.50}]}}\n---\n"],
  ["a missing separator", "---\n", ""],
  ["two separators", "---\n", "---\n---\n"],
  ["text before the Service", "apiVersion: v1", "# a\napiVersion: v1"],
  ["a file cut within a line", /\n$/, ""],
  ["a file cut behind a separator", /$/, "---\n"],
  [
    "Endpoints",
    /$/,
    "---\napiVersion: v1\nkind: Endpoints\nmetadata:\n  namespace: default\n  name: echo\nsubsets: []\n",
  ],
  ["a carriage return", "kind: Service\n", "kind: Service\r\n"],
] as const)
  test(`decodeWrittenService() leaves ${what} to others`, () => {
    const text = TEXT.replace(from, to)
    assert.is.not(text, TEXT)
    assert.is(decodeWrittenService("f", text), null)
    assert.equal(decodeFile("f", text), decodeYaml("f", text))
  })

test("decodeWrittenService() never says anything else than the full reader, whatever is done to a text", () => {
  const words = ["true", "null", "yes", "n1", "0", "10.4.0.3", '"a"', "a b", "~", "e5", "1e3", "010", "-", ".", "x"]
  const marks = [":", " ", "\n", "{", "}", "[", "]", ", ", "#", "---\n", "    - ", "  - {port: 9, protocol: TCP}\n"]
  const insert = fc.constantFrom("", ...words, ...marks, "endpoints: []\n", "ready: false", "name: b", "None")
  const edit = fc.record({ at: fc.nat(TEXT.length), remove: fc.nat(4), insert })
  let read = 0
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 2 }), (edits) => {
      let text = TEXT
      for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove)
      const found = decodeWrittenService("f", text)
      if (found === null) return
      read += 1
      assert.equal(found, decodeYaml("f", text), text)
    }),
    { numRuns: 20_000 },
  )
  assert.ok(read > 200, `${read} texts were read`)
})

test("decodeFile() gives what the full reader gives, of what encodeService() wrote", () => {
  const checked = (service: ServiceManifests) => {
    const text = encodeService(service)
    assert.equal(decodeFile("f", text), decodeYaml("f", text))
  }
  fc.assert(fc.property(anyService, checked), { numRuns: 300 })
  fc.assert(fc.property(usualService, checked), { numRuns: 300 })
})

test("decodeWrittenService() reads nearly all Services as a cluster has them", () => {
  let [read, all] = [0, 0]
  const count = (service: ServiceManifests) => {
    all += 1
    if (decodeWrittenService("f", encodeService(service)) !== null) read += 1
  }
  fc.assert(fc.property(usualService, count), { numRuns: 500 })
  // Words such as "off" stand in quotes.
  assert.ok(read > 0.9 * all, `${read} of ${all}`)
})

test.run()
