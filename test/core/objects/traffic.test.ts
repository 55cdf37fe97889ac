import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodeFile } from "../../../src/core/objects/decode.ts"
import { encodeService } from "../../../src/core/objects/encode.ts"
import type { Service, Traffic } from "../../../src/core/objects/kinds.ts"
import { parseObject } from "../../../src/core/objects/parse.ts"
import { DEFAULT_TRAFFIC } from "../../../src/core/objects/traffic.ts"

function serviceOf(spec: object, status: object = {}): Service {
  const value = { apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec, status }
  const parsed = parseObject(value)
  assert.ok(parsed.kind === "object" && parsed.object.kind === "Service", JSON.stringify(parsed))
  return parsed.object
}

/** What the API server gives for a Service of type LoadBalancer of which nothing was said. */
const DEFAULTED = {
  type: "LoadBalancer",
  allocateLoadBalancerNodePorts: true,
  clusterIP: "10.96.0.9",
  clusterIPs: ["10.96.0.9"],
  externalTrafficPolicy: "Cluster",
  internalTrafficPolicy: "Cluster",
  ipFamilies: ["IPv4"],
  ipFamilyPolicy: "SingleStack",
  ports: [{ name: "rdp", nodePort: 30123, port: 3389, protocol: "TCP", targetPort: 3389 }],
  selector: { app: "rdp" },
  sessionAffinity: "None",
}

test("parseObject() has null traffic for a Service with the API's defaults", () => {
  assert.is(serviceOf(DEFAULTED, { loadBalancer: {} }).traffic, null)
  assert.is(serviceOf({}).traffic, null)
  const nulls = Object.fromEntries(Object.keys(DEFAULT_TRAFFIC).map((key) => [key, null]))
  assert.is(serviceOf({ ...nulls, sessionAffinityConfig: null }, { loadBalancer: null }).traffic, null)
})

const kept: readonly [what: string, spec: object, status: object, traffic: Partial<Traffic>][] = [
  [
    "the affinity of a client with its default timeout",
    { sessionAffinity: "ClientIP" },
    {},
    { sessionAffinity: "ClientIP", affinityTimeout: 10_800 },
  ],
  [
    "the affinity of a client with its own timeout",
    { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } },
    {},
    { sessionAffinity: "ClientIP", affinityTimeout: 60 },
  ],
  ["an external traffic policy", { externalTrafficPolicy: "Local" }, {}, { externalTrafficPolicy: "Local" }],
  ["an internal traffic policy", { internalTrafficPolicy: "Local" }, {}, { internalTrafficPolicy: "Local" }],
  ["source ranges", { loadBalancerSourceRanges: ["10.0.0.0/8"] }, {}, { loadBalancerSourceRanges: ["10.0.0.0/8"] }],
  ["unready addresses", { publishNotReadyAddresses: true }, {}, { publishNotReadyAddresses: true }],
  ["a distribution", { trafficDistribution: "PreferClose" }, {}, { trafficDistribution: "PreferClose" }],
  ["external addresses", { externalIPs: ["10.4.0.50", "fd00::1"] }, {}, { externalIPs: ["10.4.0.50", "fd00::1"] }],
  ["a second cluster IP", { clusterIPs: ["fd00::9", "10.96.0.9"] }, {}, { clusterIPs: ["fd00::9", "10.96.0.9"] }],
  [
    "the addresses of a load balancer, with kube-proxy's idea of a mode that is not said",
    {},
    {
      loadBalancer: { ingress: [{ ip: "10.4.0.50" }, { ip: "10.4.0.51", ipMode: "Proxy" }, { hostname: "a.example" }] },
    },
    {
      ingress: [
        { ip: "10.4.0.50", ipMode: "VIP" },
        { ip: "10.4.0.51", ipMode: "Proxy" },
      ],
    },
  ],
]
for (const [what, spec, status, traffic] of kept)
  test(`parseObject() and the file of the Service keep ${what}`, () => {
    const service = serviceOf({ ...DEFAULTED, ...spec }, status)
    assert.equal(service.traffic, { ...DEFAULT_TRAFFIC, ...traffic })
    const { objects, problems } = decodeFile("f", encodeService({ service, slices: [], endpoints: null }))
    assert.equal(problems, [])
    assert.equal(objects[0]?.object, service)
  })

test("encodeService() writes the traffic of a Service in the form of a manifest", () => {
  const service = serviceOf(
    {
      ...DEFAULTED,
      externalIPs: ["10.4.0.50"],
      loadBalancerSourceRanges: ["10.0.0.0/8"],
      sessionAffinity: "ClientIP",
      externalTrafficPolicy: "Local",
    },
    { loadBalancer: { ingress: [{ ip: "10.4.0.51" }] } },
  )
  assert.is(
    encodeService({ service, slices: [], endpoints: null }),
    `{
 "apiVersion": "v1",
 "kind": "List",
 "items": [
  {
   "apiVersion": "v1",
   "kind": "Service",
   "metadata": {"namespace":"default","name":"web"},
   "spec": {
    "type": "LoadBalancer",
    "clusterIP": "10.96.0.9",
    "externalIPs": ["10.4.0.50"],
    "loadBalancerSourceRanges": ["10.0.0.0/8"],
    "sessionAffinity": "ClientIP",
    "externalTrafficPolicy": "Local",
    "sessionAffinityConfig": {"clientIP":{"timeoutSeconds":10800}},
    "ports": [
     {"name":"rdp","port":3389,"protocol":"TCP","targetPort":3389}
    ]
   },
   "status": {
    "loadBalancer": {
     "ingress": [
      {"ip":"10.4.0.51","ipMode":"VIP"}
     ]
    }
   }
  }
 ]
}
`,
  )
})

for (const timeoutSeconds of [0, -1, 86_401, 1.5, "60"])
  test(`parseObject() refuses a timeout of ${JSON.stringify(timeoutSeconds)}, as the API server does`, () => {
    const spec = { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds } } }
    const parsed = parseObject({ apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec })
    assert.ok(parsed.kind === "issues")
    assert.match(parsed.issues[0]?.message ?? "", "expected 1 to 86400 seconds")
  })

test.run()
