import { readFileSync } from "node:fs"
import { Agent, request } from "node:https"
import { parse } from "yaml"

import { adminKubeconfig, apiServer } from "./cluster.ts"

/** What change number `change` makes the one endpoint's address. */
export function sliceAddress(change: number): string {
  return `10.250.${change >> 8}.${change & 255}`
}

/** An EndpointSlice that no controller touches. */
export interface SliceWriter {
  /** Replaces it by one with `sliceAddress(change)`. */
  write(change: number): Promise<void>
  close(): void
}

/** Over a few connections of its own: kubectl would take a tenth of a second for each. */
export async function openSliceWriter(namespace: string, service: string): Promise<SliceWriter> {
  const name = `${service}-by-hand`
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`
  const metadata = { namespace, name, labels: { "kubernetes.io/service-name": service } }
  const body = (change: number) =>
    JSON.stringify({
      ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata, addressType: "IPv4" },
      ports: [{ name: "port-80", port: 8080 }],
      endpoints: [{ addresses: [sliceAddress(change)], conditions: { ready: true } }],
    })
  const agent = new Agent({ ...credentials(), keepAlive: true, maxSockets: 4 })
  await send(agent, "POST", path, body(0))
  return { write: (change) => send(agent, "PUT", `${path}/${name}`, body(change)), close: () => agent.destroy() }
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }]
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }]
}

function credentials() {
  const { clusters, users }: Kubeconfig = parse(readFileSync(adminKubeconfig, "utf8"))
  const decoded = (text: string | undefined) => Buffer.from(text ?? "", "base64")
  return {
    ca: decoded(clusters[0].cluster["certificate-authority-data"]),
    cert: decoded(users[0].user["client-certificate-data"]),
    key: decoded(users[0].user["client-key-data"]),
  }
}

function send(agent: Agent, method: string, path: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/json" }
    const asked = request({ ...apiServer, agent, method, path, headers }, (response) => {
      response.resume().on("end", () => {
        if (response.statusCode === 200 || response.statusCode === 201) resolve()
        else reject(new Error(`The API server answered ${method} ${path} with ${response.statusCode}`))
      })
    })
    asked.on("error", reject).end(body)
  })
}

/** Memory of a process that is in RAM. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))
  return Number(line?.[1] ?? Number.NaN) * 1024
}
