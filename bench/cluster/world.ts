/** A real Kubernetes API with many Services, of which the VIP ConfigMap names some. */
import { createServer, type Server } from "node:http"
import { request, type RequestOptions } from "node:https"
import type { AddressInfo } from "node:net"
import { KubeConfig } from "@kubernetes/client-node"

export interface ClusterSize {
  readonly named: number
  /** Of each named Service. */
  readonly endpoints: number
  /** In all, the named ones among them. */
  readonly services: number
}

export interface ClusterWorld {
  /** Creates what is not there yet. */
  fill(size: ClusterSize): Promise<void>
  /** Gives the n-th named Service another last endpoint; resolves to its address when the API server has it. */
  changeOneEndpoint(at: number, turn: number): Promise<string>
  /** Changes a Service, and the slice of another, that nobody named. */
  changeUnnamed(turn: number): Promise<void>
  /** The same API server, by plain HTTP, counted. */
  readonly counted: { readonly url: string; requests(): number; bytes(): number }
  close(): Promise<void>
}

const AT_ONCE = 24
const NAMESPACES = 20

/** @throws Where the kubeconfig cannot be read or the API server does not answer. */
export async function openClusterWorld(kubeconfig: string): Promise<ClusterWorld> {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  const proxy = await startProxy(config)
  let named = 0
  let endpoints = 0
  let filled = 0

  async function call(method: string, path: string, body: object, type = "application/json"): Promise<void> {
    const answer = await fetch(proxy.url + path, {
      method,
      body: JSON.stringify(body),
      headers: { "content-type": type },
    })
    await answer.arrayBuffer()
    if (!answer.ok && answer.status !== 409) throw new Error(`Cannot ${method} ${path}: ${answer.status}`)
  }

  const slicePath = (namespace: string) => `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`

  async function createService(namespace: string, name: string, addresses: readonly string[]): Promise<void> {
    const spec = { ports: [{ name: "http", port: 80, protocol: "TCP", targetPort: 8080 }] }
    const metadata = { name, namespace }
    await call("POST", `/api/v1/namespaces/${namespace}/services`, {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec,
    })
    await call("POST", slicePath(namespace), {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: `${name}-a`, namespace, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      ports: [{ name: "http", port: 8080, protocol: "TCP" }],
      endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    })
  }

  /** Half of them beside the named ones, the others all over the cluster. */
  function placeOf(at: number): { readonly namespace: string; readonly name: string } {
    return { namespace: at % 2 === 0 ? "default" : `bench-${at % NAMESPACES}`, name: `other-${at}` }
  }

  async function fill(size: ClusterSize): Promise<void> {
    ;({ named, endpoints } = size)
    if (filled === 0) {
      for (let at = 1; at < NAMESPACES; at += 2)
        await call("POST", "/api/v1/namespaces", {
          apiVersion: "v1",
          kind: "Namespace",
          metadata: { name: `bench-${at}` },
        })
      const status = { addresses: [{ type: "InternalIP", address: "10.4.0.3" }] }
      await call("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: "n1" }, status })
      await inParallel(named, (at) => createService("default", nameOf(at), addressesOf(at, endpoints, 0)))
      const data = Object.fromEntries(
        Array.from({ length: named }, (_, at) => [`10.5.1.${at + 1}`, `default/${nameOf(at)}`]),
      )
      const metadata = { name: "vips", namespace: "default" }
      await call("POST", "/api/v1/namespaces/default/configmaps", {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata,
        data,
      })
    }
    const from = filled
    filled = size.services - named
    await inParallel(filled - from, (index) => {
      const { namespace, name } = placeOf(from + index)
      return createService(namespace, name, [`10.128.${(from + index) >> 8}.${index & 255}`])
    })
  }

  const merge = "application/merge-patch+json"
  return {
    fill,
    changeOneEndpoint: async (at, turn) => {
      const addresses = addressesOf(at, endpoints, turn)
      const patch = { endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })) }
      await call("PATCH", `${slicePath("default")}/${nameOf(at)}-a`, patch, merge)
      return addresses.at(-1) ?? ""
    },
    changeUnnamed: async (turn) => {
      const one = placeOf((2 * turn) % filled)
      const labels = { metadata: { labels: { turn: String(turn) } } }
      await call("PATCH", `/api/v1/namespaces/${one.namespace}/services/${one.name}`, labels, merge)
      const { namespace, name } = placeOf((2 * turn + 1) % filled)
      await call("PATCH", `${slicePath(namespace)}/${name}-a`, labels, merge)
    },
    counted: proxy,
    close: () => proxy.close(),
  }
}

function nameOf(at: number): string {
  return `service-${String(at).padStart(4, "0")}`
}

function addressesOf(at: number, endpoints: number, turn: number): readonly string[] {
  const hosts = [...Array.from({ length: endpoints - 1 }, (_, one) => 201 + one), 1 + (turn % 200)]
  return hosts.map((host) => `10.64.${at}.${host}`)
}

async function inParallel(count: number, make: (at: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await make(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** Plain HTTP in, the API server with the kubeconfig's credentials out. */
async function startProxy(config: KubeConfig): Promise<ClusterWorld["counted"] & { close(): Promise<void> }> {
  const credentials: RequestOptions = {}
  await config.applyToHTTPSOptions(credentials)
  const server = new URL(config.getCurrentCluster()?.server ?? "")
  let requests = 0
  let bytes = 0
  const proxy: Server = createServer((asked, answer) => {
    requests += 1
    const target = { host: server.hostname, port: server.port, method: asked.method, path: asked.url }
    const upstream = request(
      { ...credentials, ...target, headers: { ...asked.headers, host: server.host } },
      (found) => {
        answer.writeHead(found.statusCode ?? 502, found.headers)
        answer.flushHeaders()
        found.on("data", (chunk: Buffer) => (bytes += chunk.length)).pipe(answer)
      },
    )
    upstream.on("error", () => answer.destroy())
    answer.on("close", () => upstream.destroy())
    asked.pipe(upstream)
  })
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    requests: () => requests,
    bytes: () => bytes,
    close: async () => {
      proxy.closeAllConnections()
      proxy.close()
    },
  }
}
