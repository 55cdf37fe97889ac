import { type JsonObject, jsonText } from "../../kit/text/json-text.ts"
import { compare } from "../../kit/problem.ts"
import { lineText } from "../../kit/text/yaml-text.ts"
import type { ConfigMap, Endpoint, EndpointPort, Endpoints, EndpointSlice, Node, Service } from "./kinds.ts"
import { ALLOW_MASS_REMOVAL, PEER_ADDRESS, SERVICE_NAME_LABEL } from "./schema.ts"
import { trafficSpec, trafficStatus } from "./traffic.ts"

/*
 * The texts are Kubernetes manifests, readable by kubectl and by `decode.ts`. Equal objects give equal bytes in any input
 * order, because slices, endpoints and nodes are sorted. The ports of a Service and the entries of the ConfigMap keep the
 * order that a user gave them. API defaults are not written.
 */

/** A Service with its slices and its Endpoints, without places. */
export interface ServiceManifests {
  readonly service: Service
  readonly slices: readonly EndpointSlice[]
  readonly endpoints: Endpoints | null
}

/** The text of `vips/<namespace>/<name>.yaml`: the VIP ConfigMap, in the form that users write. */
export function encodeConfigMap(configMap: ConfigMap): string {
  const { allowMassRemoval } = configMap.metadata
  const annotations =
    allowMassRemoval === null ? "" : `  annotations:\n    ${ALLOW_MASS_REMOVAL}: ${lineText(allowMassRemoval)}\n`
  const { namespace, name } = configMap.metadata
  const names = `metadata:\n  namespace: ${lineText(namespace)}\n  name: ${lineText(name)}\n`
  const top = `apiVersion: v1\nkind: ConfigMap\n${names}${annotations}`
  const entries = Object.entries(configMap.data)
  if (entries.length === 0) return `${top}data: {}\n`
  const lines = entries.map(([key, value]) => `  ${lineText(key)}:${entryText(value)}\n`)
  return `${top}data:\n${lines.join("")}`
}

/** The text of `nodes.json`: a List of the Nodes, sorted by name. */
export function encodeNodes(nodes: readonly Node[]): string {
  const items = nodes
    .toSorted((a, b) => compare(a.metadata.name, b.metadata.name))
    .map(({ apiVersion, kind, metadata: { name, peerAddress }, status }) => ({
      apiVersion,
      kind,
      metadata: { name, annotations: peerAddress === undefined ? undefined : { [PEER_ADDRESS]: peerAddress } },
      status: { addresses: status.addresses.map(({ type, address }) => ({ type, address })) },
    }))
  return listText(items)
}

/** The text of `services/<namespace>/<name>.json`: a List of the Service, its slices by name, its Endpoints. */
export function encodeService({ service, slices, endpoints }: ServiceManifests): string {
  return listText([
    serviceJson(service),
    ...slices.toSorted((a, b) => compare(a.metadata.name, b.metadata.name)).map(sliceJson),
    ...(endpoints === null ? [] : [endpointsJson(endpoints)]),
  ])
}

function listText(items: readonly JsonObject[]): string {
  return jsonText({ apiVersion: "v1", kind: "List", items })
}

function serviceJson({ apiVersion, kind, metadata, spec, traffic }: Service): JsonObject {
  return {
    apiVersion,
    kind,
    metadata: named(metadata),
    spec: {
      type: spec.type,
      clusterIP: orNothing(spec.clusterIP),
      ...(traffic === null ? {} : trafficSpec(traffic)),
      ports: spec.ports.map(({ name, port, protocol, targetPort }) => ({
        name: orNothing(name),
        port,
        protocol,
        targetPort,
      })),
    },
    status: traffic === null ? undefined : trafficStatus(traffic),
  }
}

function sliceJson({ apiVersion, kind, metadata, addressType, ports, endpoints }: EndpointSlice): JsonObject {
  return {
    apiVersion,
    kind,
    metadata: { ...named(metadata), labels: { [SERVICE_NAME_LABEL]: metadata.service } },
    addressType,
    ports: inOrder(ports.map(endpointPortJson)),
    endpoints: inOrder(endpoints.map(endpointJson)),
  }
}

function endpointJson({ addresses, conditions, nodeName }: Endpoint): JsonObject {
  const { ready, serving, terminating } = conditions
  return {
    addresses,
    conditions: { ready, serving: serving === ready ? undefined : serving, terminating: terminating || undefined },
    nodeName: nodeName ?? undefined,
  }
}

function endpointPortJson({ name, port, protocol }: EndpointPort): JsonObject {
  return { name: orNothing(name), port, protocol }
}

function endpointsJson({ apiVersion, kind, metadata, subsets }: Endpoints): JsonObject {
  const items = subsets.map(({ addresses, ports }) => ({
    addresses: inOrder(addresses.map(({ ip, nodeName }) => ({ ip, nodeName: nodeName ?? undefined }))),
    ports: inOrder(ports.map(endpointPortJson)),
  }))
  return { apiVersion, kind, metadata: named(metadata), subsets: inOrder(items) }
}

function named({ namespace, name }: { readonly namespace: string; readonly name: string }): JsonObject {
  return { namespace, name }
}

/** The API treats an empty text as absent. */
function orNothing(text: string): string | undefined {
  return text === "" ? undefined : text
}

/** Sorts items by their text, because their order has no meaning. */
function inOrder(items: readonly JsonObject[]): readonly JsonObject[] {
  return items
    .map((item) => ({ item, text: JSON.stringify(item) }))
    .toSorted((a, b) => compare(a.text, b.text))
    .map(({ item }) => item)
}

/** Lines that a literal block can hold unchanged: no spaces before the first, none of spaces only, only printable characters. */
const BLOCK_LINES = /^[!-~][ -~]*(?:\n(?: *[!-~][ -~]*)?)*\n *[!-~][ -~]*\n?$/

/** Writes several lines as a literal block, as users do, and quotes a text that a block would change. */
function entryText(value: string): string {
  if (!BLOCK_LINES.test(value)) return ` ${value === "" ? '""' : lineText(value)}`
  const lines = value.replace(/\n$/, "").split("\n")
  return ` ${value.endsWith("\n") ? "|" : "|-"}\n${lines.map((line) => (line === "" ? "" : `    ${line}`)).join("\n")}`
}
