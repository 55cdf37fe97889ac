import * as fc from "fast-check"

import type { ConfigMap, Endpoints, EndpointSlice, Node, Service, Traffic } from "../../src/core/objects/kinds.ts"
import { DEFAULT_TRAFFIC } from "../../src/core/objects/traffic.ts"
import type { ServiceManifests } from "../../src/core/objects/encode.ts"

/** Like `fc.record`, of the ordinary objects that the decoder makes. */
function record<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true })
}

/** Arbitrary objects as `parseObject` may give them: any string where the API allows one. */

const label = fc.stringMatching(/^[a-z0-9](?:[-a-z0-9]{0,12}[a-z0-9])?$/)
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom(
    "yes",
    "y",
    "null",
    "~",
    "1.10",
    "0x10",
    "1e3",
    "",
    " a ",
    "a: b",
    "- a",
    "#",
    "&a",
    "*a",
    "!a",
    "\u2028",
    "10.4.0.50",
  ),
  fc.constantFrom(
    "include /etc/passwd",
    "a\nb",
    "a\nb\n",
    "a\n\nb",
    " a\nb",
    "{",
    "}",
    "${x}",
    "{{x}}",
    '"',
    "\\",
    "---\na: b",
  ),
)
const port = fc.integer({ min: 1, max: 65535 })
const protocol = fc.constantFrom("TCP", "UDP", "SCTP")

export const anyConfigMap: fc.Arbitrary<ConfigMap> = record({
  apiVersion: fc.constant("v1" as const),
  kind: fc.constant("ConfigMap" as const),
  metadata: record({ name: label, namespace: label, allowMassRemoval: fc.option(anyText, { nil: null }) }),
  data: fc.dictionary(
    fc.oneof(
      fc.ipV4(),
      anyText.filter((key) => key !== "__proto__"),
    ),
    anyText,
    { noNullPrototype: true },
  ),
})

export const anyNode: fc.Arbitrary<Node> = record({
  apiVersion: fc.constant("v1" as const),
  kind: fc.constant("Node" as const),
  metadata: fc.oneof(record({ name: label }), record({ name: label, peerAddress: anyText })),
  status: record({ addresses: fc.array(record({ type: anyText, address: anyText }), { maxLength: 3 }) }),
})

/** What the texts of a Service's objects may be. */
interface Words {
  readonly name: fc.Arbitrary<string>
  readonly type: fc.Arbitrary<string>
  readonly clusterIP: fc.Arbitrary<string>
  readonly portName: fc.Arbitrary<string>
  readonly targetPort: fc.Arbitrary<string>
  readonly addressType: fc.Arbitrary<"IPv4" | "IPv6" | "FQDN">
  readonly addresses: fc.Arbitrary<string[]>
  readonly nodeName: fc.Arbitrary<string>
  readonly endpoints: fc.Arbitrary<boolean>
  readonly traffic: fc.Arbitrary<Traffic | null>
}

const someText = anyText.filter((text) => text !== "")
const someTexts = fc.array(someText, { maxLength: 2 })

/** What the schema makes of these fields: never all of them with their defaults. */
const anyTraffic: fc.Arbitrary<Traffic | null> = fc.option(
  fc
    .tuple(
      record({
        clusterIPs: fc.oneof(fc.constant([]), fc.array(anyText, { minLength: 2, maxLength: 2 })),
        externalIPs: someTexts,
        loadBalancerIP: anyText,
        loadBalancerSourceRanges: someTexts,
        externalTrafficPolicy: someText,
        internalTrafficPolicy: someText,
        publishNotReadyAddresses: fc.boolean(),
        trafficDistribution: anyText,
        ingress: fc.array(record({ ip: someText, ipMode: someText }), { maxLength: 2 }),
      }),
      fc.oneof(
        record({ sessionAffinity: someText, affinityTimeout: fc.constant(null) }),
        record({ sessionAffinity: fc.constant("ClientIP"), affinityTimeout: fc.integer({ min: 1, max: 86_400 }) }),
      ),
    )
    .map(([fields, affinity]) => ({ ...fields, ...affinity }))
    .filter((traffic) => JSON.stringify(traffic, fieldsOfTraffic) !== JSON.stringify(DEFAULT_TRAFFIC, fieldsOfTraffic)),
  { nil: null },
)
const fieldsOfTraffic = Object.keys(DEFAULT_TRAFFIC).toSorted()

/** A Service, its slices and perhaps its Endpoints, all of one name. */
export const anyService = serviceOf({
  name: label,
  type: anyText,
  clusterIP: anyText,
  portName: anyText,
  targetPort: someText,
  addressType: fc.constantFrom("IPv4", "IPv6", "FQDN"),
  addresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), someText), { minLength: 1, maxLength: 2 }),
  nodeName: anyText,
  endpoints: fc.boolean(),
  traffic: anyTraffic,
})

function serviceOf(words: Words): fc.Arbitrary<ServiceManifests> {
  const endpointPorts = fc.array(record({ name: words.portName, port, protocol }), { maxLength: 3 })
  const nodeName = fc.option(words.nodeName)
  return record({ name: words.name, namespace: words.name }).chain((metadata) =>
    record({
      service: record({
        apiVersion: fc.constant("v1" as const),
        kind: fc.constant("Service" as const),
        metadata: fc.constant(metadata),
        spec: record({
          type: words.type,
          clusterIP: words.clusterIP,
          ports: fc.array(
            record({ name: words.portName, port, protocol, targetPort: fc.oneof(port, words.targetPort) }),
            { maxLength: 3 },
          ),
        }),
        traffic: words.traffic,
      }) satisfies fc.Arbitrary<Service>,
      slices: fc.uniqueArray(
        record({
          apiVersion: fc.constant("discovery.k8s.io/v1" as const),
          kind: fc.constant("EndpointSlice" as const),
          metadata: words.name.map((name) => ({ name, namespace: metadata.namespace, service: metadata.name })),
          addressType: words.addressType,
          ports: endpointPorts,
          endpoints: fc.array(
            record({
              addresses: words.addresses,
              conditions: record({ ready: fc.boolean(), serving: fc.boolean(), terminating: fc.boolean() }),
              nodeName,
            }),
            { maxLength: 4 },
          ),
        }) satisfies fc.Arbitrary<EndpointSlice>,
        { maxLength: 3, selector: (slice) => slice.metadata.name },
      ),
      endpoints: words.endpoints.chain((has) =>
        has
          ? record({
              apiVersion: fc.constant("v1" as const),
              kind: fc.constant("Endpoints" as const),
              metadata: fc.constant(metadata),
              subsets: fc.array(
                record({
                  addresses: fc.array(record({ ip: words.nodeName, nodeName }), { maxLength: 2 }),
                  ports: endpointPorts,
                }),
                { maxLength: 2 },
              ),
            } satisfies { [K in keyof Endpoints]: fc.Arbitrary<Endpoints[K]> })
          : fc.constant(null),
      ),
    }),
  )
}
