import { test } from "uvu"
import * as assert from "uvu/assert"

import { parseObject } from "../../../src/core/objects/parse.ts"

test("parseObject() gives the trimmed object", () => {
  const value = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "echo", uid: "x" },
    spec: { ports: [{ port: 80 }, { port: 53, protocol: "UDP", targetPort: "dns", nodePort: 30000 }], selector: {} },
    status: {},
  }
  assert.equal(parseObject(value), {
    kind: "object",
    object: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "echo", namespace: "default" },
      spec: {
        type: "ClusterIP",
        clusterIP: "",
        ports: [
          { name: "", port: 80, protocol: "TCP", targetPort: 80 },
          { name: "", port: 53, protocol: "UDP", targetPort: "dns" },
        ],
      },
      traffic: null,
    },
  })
})

test("parseObject() returns its own result unchanged", () => {
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "x", labels: { "kubernetes.io/service-name": "echo" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.2.0.1"], conditions: { ready: null } }],
    ports: null,
  }
  const once = parseObject(slice)
  assert.is(once.kind, "object")
  assert.equal(parseObject(once.kind === "object" ? once.object : null), once)
})

for (const [what, value] of [
  ["null", null],
  ["a list", []],
  ["a text", "kind: Service"],
  ["no kind", { apiVersion: "v1" }],
  ["a kind named like a method", { apiVersion: "v1", kind: "toString" }],
  ["another group", { apiVersion: "example.com/v1", kind: "Node" }],
  ["another group's kind that is almost ours", { apiVersion: "example.com/v1", kind: "Services" }],
  [
    "a slice whose label is empty",
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "x", labels: { "kubernetes.io/service-name": "" } },
      addressType: "IPv4",
    },
  ],
] as const) {
  test(`parseObject() ignores ${what}`, () => assert.equal(parseObject(value), { kind: "ignored" }))
}

test("parseObject() gives every issue with its path", () => {
  const value = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "A" },
    status: { addresses: [{ type: 1, address: "x" }] },
  }
  const parsed = parseObject(value)
  assert.equal(parsed.kind === "issues" ? parsed.issues.map(({ code, path }) => [code, path.join(".")]) : [], [
    ["OBJECT_NAME", "metadata.name"],
    ["OBJECT_SHAPE", "status.addresses.0.type"],
  ])
})

test("parseObject() accepts names of 253 characters when the API does", () => {
  const name = `${"a".repeat(63)}.`.repeat(4).slice(0, 253)
  assert.is(parseObject({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } }).kind, "object")
  assert.is(parseObject({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: `${name}a` } }).kind, "issues")
  assert.is(parseObject({ apiVersion: "v1", kind: "Service", metadata: { name: "a".repeat(64) } }).kind, "issues")
})

test("parseObject() shares one object of conditions between equal endpoints: the largest input has some hundred thousand", () => {
  const slice = (...given: readonly object[]) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "a", labels: { "kubernetes.io/service-name": "a" } },
    addressType: "IPv4",
    endpoints: given.map((conditions) => ({ addresses: ["10.2.0.1"], conditions })),
  })
  const conditionsIn = (value: object) => {
    const parsed = parseObject(value)
    if (parsed.kind !== "object" || parsed.object.kind !== "EndpointSlice") throw new Error(parsed.kind)
    return parsed.object.endpoints.map(({ conditions }) => conditions)
  }
  const [ready, implied, other] = conditionsIn(slice({ ready: true }, {}, { ready: false, terminating: true }))
  assert.is(implied, ready)
  assert.is(conditionsIn(slice({ ready: true, serving: true, terminating: false }))[0], ready)
  assert.equal(ready, { ready: true, serving: true, terminating: false })
  assert.equal(other, { ready: false, serving: false, terminating: true })
})

test.run()
