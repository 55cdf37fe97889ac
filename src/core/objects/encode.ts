import { flowMapping, lineText } from "../../kit/yaml-text.ts"
import { compare } from "../../kit/problem.ts"
import type { ConfigMap, Endpoint, EndpointPort, Endpoints, EndpointSlice, Node, Service } from "./kinds.ts"
import { ALLOW_MASS_REMOVAL, PEER_ADDRESS, SERVICE_NAME_LABEL } from "./schema.ts"
import { trafficSpecText, trafficStatusText } from "./traffic.ts"

/*
 * The texts are Kubernetes manifests that kubectl reads as well as `decode.ts`. Equal objects give equal bytes, whatever
 * the order they came in: slices, endpoints and nodes are sorted. The ports of a Service and the entries of the
 * ConfigMap keep their order, since people gave it. What the API takes as default is not written.
 */

/** A Service with what stands behind it, places aside. */
export interface ServiceManifests {
  readonly service: Service
  readonly slices: readonly EndpointSlice[]
  readonly endpoints: Endpoints | null
}

/** The text of `vips.yaml`: the VIP ConfigMap. */
export function encodeConfigMap(configMap: ConfigMap): string {
  const { allowMassRemoval } = configMap.metadata
  const annotations =
    allowMassRemoval === null ? "" : `  annotations:\n    ${ALLOW_MASS_REMOVAL}: ${lineText(allowMassRemoval)}\n`
  const top = `${head(configMap)}${annotations}`
  const entries = Object.entries(configMap.data)
  if (entries.length === 0) return `${top}data: {}\n`
  const lines = entries.map(([key, value]) => `  ${lineText(key)}:${entryText(value)}\n`)
  return `${top}data:\n${lines.join("")}`
}

/** The text of `nodes.yaml`, sorted by name. Without any Node it is a comment: empty, and on purpose. */
export function encodeNodes(nodes: readonly Node[]): string {
  if (nodes.length === 0) return "# No Nodes\n"
  return nodes
    .toSorted((a, b) => compare(a.metadata.name, b.metadata.name))
    .map((node) => {
      const addresses = node.status.addresses.map(({ type, address }) => flowMapping({ type, address }))
      const { peerAddress } = node.metadata
      const annotations =
        peerAddress === undefined ? "" : `  annotations:\n    ${PEER_ADDRESS}: ${lineText(peerAddress)}\n`
      return `${head(node)}${annotations}status:\n${list("  ", "addresses", addresses)}`
    })
    .join("---\n")
}

/** The text of `services/<namespace>/<name>.yaml`: the Service, its slices by name, its Endpoints. */
export function encodeService({ service, slices, endpoints }: ServiceManifests): string {
  const documents = [
    serviceText(service),
    ...slices.toSorted((a, b) => compare(a.metadata.name, b.metadata.name)).map(sliceText),
  ]
  if (endpoints !== null) documents.push(endpointsText(endpoints))
  return documents.join("---\n")
}

function serviceText(service: Service): string {
  const { type, clusterIP, ports } = service.spec
  const address = clusterIP === "" ? "" : `  clusterIP: ${lineText(clusterIP)}\n`
  const lines = ports.map(({ name, port, protocol, targetPort }) =>
    flowMapping({ name: name === "" ? undefined : name, port, protocol, targetPort }),
  )
  const { traffic } = service
  const [how, where] = traffic === null ? ["", ""] : [trafficSpecText(traffic), trafficStatusText(traffic)]
  return `${head(service)}spec:\n  type: ${lineText(type)}\n${address}${how}${list("  ", "ports", lines)}${where}`
}

function sliceText(slice: EndpointSlice): string {
  const labels = `  labels:\n    ${SERVICE_NAME_LABEL}: ${lineText(slice.metadata.service)}\n`
  const endpoints = slice.endpoints.map(endpointText).sort(compare)
  return (
    `${head(slice)}${labels}addressType: ${slice.addressType}\n` +
    list("", "ports", slice.ports.map(endpointPortText).sort(compare)) +
    list("", "endpoints", endpoints)
  )
}

function endpointText({ addresses, conditions, nodeName }: Endpoint): string {
  const { ready, serving, terminating } = conditions
  return flowMapping({
    addresses,
    conditions: { ready, serving: serving === ready ? undefined : serving, terminating: terminating || undefined },
    nodeName: nodeName ?? undefined,
  })
}

function endpointPortText({ name, port, protocol }: EndpointPort): string {
  return flowMapping({ name: name === "" ? undefined : name, port, protocol })
}

function endpointsText(endpoints: Endpoints): string {
  if (endpoints.subsets.length === 0) return `${head(endpoints)}subsets: []\n`
  const subsets = endpoints.subsets.map(({ addresses, ports }) => {
    const lines = addresses
      .map(({ ip, nodeName }) => flowMapping({ ip, nodeName: nodeName ?? undefined }))
      .sort(compare)
    const first = list("    ", "addresses", lines)
    return `  -${first.slice(3)}${list("    ", "ports", ports.map(endpointPortText).sort(compare))}`
  })
  return `${head(endpoints)}subsets:\n${subsets.sort(compare).join("")}`
}

function head({ apiVersion, kind, metadata }: ConfigMap | Service | EndpointSlice | Endpoints | Node): string {
  const namespace = "namespace" in metadata ? `  namespace: ${lineText(metadata.namespace)}\n` : ""
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n${namespace}  name: ${lineText(metadata.name)}\n`
}

/** A list with one item a line. */
function list(indent: string, key: string, items: readonly string[]): string {
  if (items.length === 0) return `${indent}${key}: []\n`
  return `${indent}${key}:\n${items.map((item) => `${indent}  - ${item}\n`).join("")}`
}

/** Lines that look in a literal block exactly as they are: no blank edges, nothing unprintable. */
const BLOCK_LINES = /^[!-~][ -~]*(?:\n[!-~][ -~]*)+\n?$/

/** Several lines become a literal block, as people write them; what could be misread there is quoted. */
function entryText(value: string): string {
  if (!BLOCK_LINES.test(value)) return ` ${value === "" ? '""' : lineText(value)}`
  const lines = value.replace(/\n$/, "").split("\n")
  return ` ${value.endsWith("\n") ? "|" : "|-"}\n${lines.map((line) => `    ${line}`).join("\n")}`
}
