import { isSupported, isSupportedFamily } from "../../core/address/ip.ts"
import { rangeFault } from "../../core/address/special.ts"
import { nodeAddressOf } from "../../core/model/addresses/own-nodes.ts"
import type { ClusterObjects } from "../../core/objects/kinds.ts"
import { sourcesOf } from "../../core/objects/sources.ts"

/** A target of a TCP connection. */
export interface Target {
  readonly address: string
  readonly port: number
}

/** A node to probe. */
export interface WatchedNode {
  readonly name: string
  readonly address: string
  /** False for a node without real servers: it is probed to find out whether this node is cut off. */
  readonly hasRealServers: boolean
  /** Some of its real servers, at most two, TCP only: a second opinion when the node itself is silent. */
  readonly realServers: readonly Target[]
}

/** Minimum nodes to probe, if the cluster has that many. */
export const WITNESSES = 5
const OPINIONS = 2

/**
 * The nodes that host what the entries forward to, and if these are few, others as witnesses. Sorted by name.
 *
 * @param objects Nodes must have their own addresses.
 * @param self This node's name: it is not probed.
 */
export function watchedNodes(
  objects: Pick<ClusterObjects, "services" | "nodes">,
  self: string,
): readonly WatchedNode[] {
  const hosts = hostsOf(objects)
  const own = objects.nodes.find(({ object }) => object.metadata.name === self)
  const ownAddress = own === undefined ? null : nodeAddressOf(own.object)
  const known = objects.nodes.flatMap(({ object }): WatchedNode[] => {
    const { name } = object.metadata
    const address = nodeAddressOf(object)
    if (name === self || address === null || address === ownAddress || rangeFault(address) !== null) return []
    const realServers = hosts.get(name)
    return [{ name, address, hasRealServers: realServers !== undefined, realServers: realServers ?? [] }]
  })
  const hosting = known.filter(({ hasRealServers }) => hasRealServers)
  const others = known.filter(({ hasRealServers }) => !hasRealServers)
  const watched = [...hosting, ...others.slice(0, Math.max(0, WITNESSES - hosting.length))]
  return watched.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Node -> the first of its real servers. */
function hostsOf({ services }: Pick<ClusterObjects, "services">): ReadonlyMap<string, readonly Target[]> {
  const hosts = new Map<string, Target[]>()
  for (const service of services.values())
    for (const { addressType, ports, endpoints } of sourcesOf(service)) {
      if (!isSupportedFamily(addressType)) continue
      const port = ports.find(({ protocol }) => protocol === "TCP")?.port
      for (const { nodeName, addresses, conditions } of endpoints) {
        if (nodeName === null) continue
        const targets = hosts.get(nodeName) ?? []
        hosts.set(nodeName, targets)
        const address = addresses[0] ?? ""
        // Only the addresses that packets are forwarded to, because other users may write EndpointSlices.
        const isUsable = isSupported(address) && rangeFault(address) === null && conditions.serving
        const isKnown = targets.some((target) => target.address === address)
        if (port !== undefined && isUsable && !isKnown && targets.length < OPINIONS) targets.push({ address, port })
      }
    }
  return hosts
}
