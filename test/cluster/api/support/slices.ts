import { readFileSync } from "node:fs"
import { DiscoveryV1Api, KubeConfig } from "@kubernetes/client-node"

import { adminKubeconfig } from "./cluster.ts"

/** What change number `change` makes the one endpoint's address. */
export function sliceAddress(change: number): string {
  return `10.250.${change >> 8}.${change & 255}`
}

/** Writes an EndpointSlice that no controller touches: each call replaces it by one with `sliceAddress(change)`, and gives the number. */
export async function sliceWriter(namespace: string, service: string): Promise<(change: number) => Promise<number>> {
  const config = new KubeConfig()
  config.loadFromFile(adminKubeconfig)
  const api = config.makeApiClient(DiscoveryV1Api)
  const name = `${service}-by-hand`
  const metadata = { namespace, name, labels: { "kubernetes.io/service-name": service } }
  const ports = [{ name: "port-80", port: 8080 }]
  const body = (change: number) => ({
    ...{ metadata, addressType: "IPv4", ports },
    endpoints: [{ addresses: [sliceAddress(change)], conditions: { ready: true } }],
  })
  await api.createNamespacedEndpointSlice({ namespace, body: body(0) })
  return async (change) => {
    await api.replaceNamespacedEndpointSlice({ namespace, name, body: body(change) })
    return change
  }
}

/** Memory of a process that is in RAM. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))
  return Number(line?.[1] ?? Number.NaN) * 1024
}
