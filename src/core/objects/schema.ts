import * as z from "zod"

import type { ConfigMap, EndpointConditions, EndpointPort, Endpoints, EndpointSlice, Node, Service } from "./kinds.ts"
import { TRAFFIC_SPEC, TRAFFIC_STATUS, trafficOf } from "./traffic.ts"

/** The label that ties an EndpointSlice to its Service. Source: Kubernetes well-known labels. */
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name"

/** The annotation of the VIP ConfigMap that allows a mass removal. Its value is the number of remaining entries. */
export const ALLOW_MASS_REMOVAL = "kube-keepalived-vip.io/allow-mass-removal"

/** The annotation of a Node that names its address on the interface of the VIPs, for unicast adverts. */
export const PEER_ADDRESS = "kube-keepalived-vip.io/peer-address"

/** RFC 1123 label: the name of a Service or a namespace. Both become parts of a path. */
export const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
/** RFC 1123 subdomain: the name of every other object. */
export const DNS_SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/

/** Maximum characters of a kept string: the length of the longest Kubernetes name. */
export const LONGEST_TEXT = 253

const label = z.string("expected a DNS label").regex(DNS_LABEL, "expected a DNS label: a-z, 0-9 and -, at most 63")
const subdomain = z
  .string("expected a DNS name")
  .max(LONGEST_TEXT, `expected at most ${LONGEST_TEXT} characters`)
  .regex(DNS_SUBDOMAIN, "expected a DNS name: a-z, 0-9, - and dots")
const text = z.string().max(LONGEST_TEXT, `expected at most ${LONGEST_TEXT} characters`)
const port = z.int().min(1).max(65535)
const protocol = z.enum(["TCP", "UDP", "SCTP"]).nullish()
const namespace = label.nullish()

const configMap = z
  .object({
    apiVersion: z.literal("v1"),
    kind: z.literal("ConfigMap"),
    metadata: z.object({
      name: subdomain,
      namespace,
      annotations: z.object({ [ALLOW_MASS_REMOVAL]: text.nullish() }).nullish(),
    }),
    data: z.record(z.string(), z.string()).nullish(),
    binaryData: z.record(z.string(), z.unknown()).nullish(),
  })
  .transform(({ metadata, data }): ConfigMap => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      ...named(metadata),
      allowMassRemoval: metadata.annotations?.[ALLOW_MASS_REMOVAL] ?? null,
    },
    data: data ?? {},
  }))

const service = z
  .object({
    apiVersion: z.literal("v1"),
    kind: z.literal("Service"),
    metadata: z.object({ name: label, namespace }),
    spec: z
      .object({
        type: text.nullish(),
        clusterIP: text.nullish(),
        ports: z
          .array(
            z.object({ name: text.nullish(), port, protocol, targetPort: z.union([z.int().min(0), text]).nullish() }),
          )
          .nullish(),
        ...TRAFFIC_SPEC,
      })
      .nullish(),
    status: TRAFFIC_STATUS,
  })
  .transform(({ metadata, spec, status }): Service => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: named(metadata),
    spec: {
      type: spec?.type ?? "ClusterIP",
      clusterIP: spec?.clusterIP ?? "",
      // The API server's defaults: TCP, and the port itself as targetPort.
      ports: (spec?.ports ?? []).map((port) => ({
        name: port.name ?? "",
        port: port.port,
        protocol: port.protocol ?? "TCP",
        targetPort: port.targetPort === 0 || port.targetPort === "" ? port.port : (port.targetPort ?? port.port),
      })),
    },
    traffic: trafficOf(spec, status),
  }))

const endpointPort = z.object({ name: text.nullish(), port: port.nullish(), protocol })

const endpointSlice = z
  .object({
    apiVersion: z.literal("discovery.k8s.io/v1"),
    kind: z.literal("EndpointSlice"),
    metadata: z.object({
      name: subdomain,
      namespace,
      labels: z.object({ [SERVICE_NAME_LABEL]: label.or(z.literal("")).nullish() }).nullish(),
      service: label.nullish(),
    }),
    addressType: z.enum(["IPv4", "IPv6", "FQDN"]),
    ports: z.array(endpointPort).nullish(),
    endpoints: z
      .array(
        z.object({
          addresses: z.array(text.min(1)).min(1),
          conditions: z
            .object({
              ready: z.boolean().nullish(),
              serving: z.boolean().nullish(),
              terminating: z.boolean().nullish(),
            })
            .nullish(),
          nodeName: text.nullish(),
        }),
      )
      .nullish(),
  })
  .transform(({ metadata, addressType, ports, endpoints }): EndpointSlice | null => {
    const owner = metadata.service ?? metadata.labels?.[SERVICE_NAME_LABEL]
    // A slice without the label, or with an empty one, is legal and does not belong to a Service.
    if (owner === undefined || owner === null || owner === "") return null
    return {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...named(metadata), service: owner },
      addressType,
      ports: endpointPorts(ports),
      endpoints: (endpoints ?? []).map(({ addresses, conditions, nodeName }) => ({
        addresses,
        conditions: readyConditions(conditions),
        nodeName: nodeName ?? null,
      })),
    }
  })

const endpoints = z
  .object({
    apiVersion: z.literal("v1"),
    kind: z.literal("Endpoints"),
    metadata: z.object({ name: subdomain, namespace }),
    subsets: z
      .array(
        z.object({
          addresses: z.array(z.object({ ip: text, nodeName: text.nullish() })).nullish(),
          ports: z.array(endpointPort).nullish(),
        }),
      )
      .nullish(),
  })
  .transform(({ metadata, subsets }): Endpoints => ({
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: named(metadata),
    subsets: (subsets ?? []).map(({ addresses, ports }) => ({
      addresses: (addresses ?? []).map(({ ip, nodeName }) => ({ ip, nodeName: nodeName ?? null })),
      ports: endpointPorts(ports),
    })),
  }))

const node = z
  .object({
    apiVersion: z.literal("v1"),
    kind: z.literal("Node"),
    metadata: z.object({ name: subdomain, annotations: z.object({ [PEER_ADDRESS]: text.nullish() }).nullish() }),
    status: z.object({ addresses: z.array(z.object({ type: text, address: text })).nullish() }).nullish(),
  })
  .transform(({ metadata, status }): Node => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: metadata.name, ...peerAddressIn(metadata.annotations?.[PEER_ADDRESS]) },
    status: { addresses: status?.addresses ?? [] },
  }))

/**
 * One schema per kind. They accept whole API objects and trimmed ones, drop every field that is not kept, and give the types
 * of `kinds.ts`. The schema of EndpointSlice gives null for a slice that does not belong to a Service.
 *
 * Source: Kubernetes API reference, v1 and discovery.k8s.io/v1.
 */
export const OBJECT_SCHEMAS = {
  ConfigMap: configMap,
  Service: service,
  EndpointSlice: endpointSlice,
  Endpoints: endpoints,
  Node: node,
} as const

function named({ name, namespace }: { name: string; namespace?: string | null | undefined }) {
  return { name, namespace: namespace ?? "default" }
}

function peerAddressIn(text: string | null | undefined): { readonly peerAddress?: string } {
  return text === null || text === undefined ? {} : { peerAddress: text }
}

/** Drops ports without a number: they mean "all ports", which keepalived.conf cannot express. */
function endpointPorts(ports: readonly z.infer<typeof endpointPort>[] | null | undefined): EndpointPort[] {
  const kept: EndpointPort[] = []
  for (const { name, port, protocol } of ports ?? []) {
    if (port !== undefined && port !== null) kept.push({ name: name ?? "", port, protocol: protocol ?? "TCP" })
  }
  return kept
}

interface GivenConditions {
  readonly ready?: boolean | null | undefined
  readonly serving?: boolean | null | undefined
  readonly terminating?: boolean | null | undefined
}

/** Equal conditions share one object: an input can have some hundred thousand endpoints. */
function readyConditions(given: GivenConditions | null | undefined): EndpointConditions {
  const ready = given?.ready ?? true
  const [serving, terminating] = [given?.serving ?? ready, given?.terminating ?? false]
  const known = CONDITIONS.find(
    (one) => one.ready === ready && one.serving === serving && one.terminating === terminating,
  )
  return known ?? { ready, serving, terminating }
}

const CONDITIONS: readonly EndpointConditions[] = [true, false].flatMap((ready) =>
  [true, false].flatMap((serving) => [false, true].map((terminating) => ({ ready, serving, terminating }))),
)
