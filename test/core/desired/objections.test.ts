import { test } from "uvu"
import * as assert from "uvu/assert"
import { whyNoEndpoints } from "../../../src/core/desired/objections.ts"
import type { Endpoint, EndpointSlice, ServiceObjects } from "../../../src/core/objects/kinds.ts"
import { endpoint, service } from "../fixture.ts"

const PORT = { name: "http", port: 80, protocol: "TCP", targetPort: 8080 } as const
const IPV4 = { name: "http", port: 8080, protocol: "TCP" } as const
const notReady: Endpoint = endpoint("10.2.0.1", { ready: false })

/** A Service with one slice for each of these. */
function withSlices(...slices: readonly Partial<EndpointSlice>[]): ServiceObjects {
  const [placed] = service("web").slices
  if (placed === undefined) throw new Error("the fixture has no slice")
  const made = slices.map((one, at) => ({
    ...placed,
    object: {
      ...placed.object,
      metadata: { ...placed.object.metadata, name: `web-${at + 1}` },
      ports: [IPV4],
      endpoints: [endpoint("10.2.0.1")],
      ...one,
    },
  }))
  return { ...service("web"), slices: made, endpoints: null }
}

const subsets = (...list: NonNullable<ServiceObjects["endpoints"]>["object"]["subsets"]): ServiceObjects => {
  const { service: placed } = service("web")
  const object = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name: "web", namespace: "default" },
    subsets: list,
  } as const
  return { service: placed, slices: [], endpoints: { object, place: placed.place, keyPlaces: new Map() } }
}

const causes: readonly [what: string, objects: ServiceObjects, why: string][] = [
  ["no slice", withSlices(), "no EndpointSlice names this Service (label kubernetes.io/service-name)"],
  ["a slice without pods", withSlices({ endpoints: [] }), "it has no pods"],
  [
    "slices of IPv6 alone",
    withSlices({ addressType: "IPv6", endpoints: [endpoint("fd02::1")] }),
    "its EndpointSlices hold IPv6, and this release forwards to IPv4",
  ],
  [
    "another name of the port",
    withSlices({ ports: [{ name: "web", port: 8080, protocol: "TCP" }] }),
    'its pods have no port "http" for TCP (EndpointSlice web-1 has "web" for TCP)',
  ],
  [
    "another protocol of the port",
    withSlices({ ports: [{ name: "http", port: 8080, protocol: "UDP" }] }),
    'its pods have no port "http" for TCP (EndpointSlice web-1 has "http" for UDP)',
  ],
  [
    "a slice of IPv6 with ready pods beside one of IPv4 without",
    withSlices({ addressType: "IPv6", endpoints: [endpoint("fd02::1")] }, { endpoints: [notReady] }),
    "its only pod is not ready",
  ],
  ["a pod that is not ready", withSlices({ endpoints: [notReady] }), "its only pod is not ready"],
  [
    "several pods of which none is ready",
    withSlices({ endpoints: [notReady] }, { endpoints: [endpoint("10.2.0.2", { ready: false })] }),
    "none of its 2 pods is ready",
  ],
  [
    "a ready pod without the port beside one with it that is not ready",
    withSlices({ ports: [{ name: "web", port: 1, protocol: "TCP" }] }, { endpoints: [notReady] }),
    "its only pod is not ready",
  ],
  [
    "an address that takes no packets",
    withSlices({ endpoints: [endpoint("127.0.0.1")] }),
    "the address of its pod 127.0.0.1 cannot be used: 127.0.0.0/8 is the loopback range",
  ],
  [
    "Endpoints whose port has no name",
    subsets({
      addresses: [{ ip: "192.168.77.10", nodeName: null }],
      ports: [{ name: "", port: 3306, protocol: "TCP" }],
    }),
    'its pods have no port "http" for TCP (Endpoints web has one without a name for TCP)',
  ],
  ["Endpoints without a ready address", subsets(), "none of its pods is ready"],
]
for (const [what, objects, why] of causes)
  test(`whyNoEndpoints() names the cause: ${what}`, () => assert.is(whyNoEndpoints(objects, PORT), why))

test.run()
