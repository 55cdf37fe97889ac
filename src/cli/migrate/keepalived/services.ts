import type { JsonObject } from "../../../kit/text/json-text.ts"
import { NAMESPACE } from "../target.ts"
import type { OldVirtualServer } from "./virtual-servers.ts"

/** A Service without a selector, its EndpointSlices, and the line of the entry that names it. */
export interface MadeService {
  readonly line: string
  readonly objects: readonly JsonObject[]
}

/** Services for the virtual servers of one VIP: one for each forwarding method and persistence, which are those of a Service. */
export function servicesFor(address: string, servers: readonly OldVirtualServer[]): readonly MadeService[] {
  const groups = new Map<string, OldVirtualServer[]>()
  for (const one of servers) {
    const key = `${one.method} ${one.persistence}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()].map((group, at) => {
    const name = `vip-${address.replaceAll(".", "-")}${at === 0 ? "" : `-${at + 1}`}`
    const method = group[0]?.method === "DR" ? ":DR" : ""
    return { line: `${NAMESPACE}/${name}${method}`, objects: [serviceOf(name, group), ...slicesOf(name, group)] }
  })
}

function serviceOf(name: string, group: readonly OldVirtualServer[]): JsonObject {
  const persistence = Math.min(group[0]?.persistence ?? 0, LONGEST_AFFINITY)
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: NAMESPACE },
    spec: {
      ...(persistence > 0 && {
        sessionAffinity: "ClientIP",
        sessionAffinityConfig: { clientIP: { timeoutSeconds: persistence } },
      }),
      ports: group.map((one) => ({
        ...{ name: portName(one), port: one.port, protocol: one.protocol },
        targetPort: one.servers[0]?.port ?? one.port,
      })),
    },
  }
}

/** Seconds. Source: v1, ClientIPConfig. */
export const LONGEST_AFFINITY = 86_400

function portName({ protocol, port }: OldVirtualServer): string {
  return `${protocol.toLowerCase()}-${port}`
}

/** One slice for each port of the servers, because a slice has one number for a name. */
function slicesOf(service: string, group: readonly OldVirtualServer[]): readonly JsonObject[] {
  return group.flatMap((one) =>
    [...new Set(one.servers.map(({ port }) => port))].map((port) => ({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: `${service}-${portName(one)}-${port}`,
        namespace: NAMESPACE,
        labels: { "kubernetes.io/service-name": service, "endpointslice.kubernetes.io/managed-by": "kkv-migrate" },
      },
      addressType: "IPv4",
      ports: [{ name: portName(one), port, protocol: one.protocol }],
      endpoints: [...new Set(one.servers.filter((server) => server.port === port).map(({ address }) => address))].map(
        (address) => ({ addresses: [address], conditions: { ready: true } }),
      ),
    })),
  )
}
