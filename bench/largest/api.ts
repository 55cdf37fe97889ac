/** A FAKE of the Kubernetes API with the largest input that the contract allows, in the shape that a real API server sends it. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface LargestApi {
  readonly url: string
  /** Gives every endpoint another address; sync hears of it by the next list, or by an event for each slice. */
  change(by: "list" | "events"): void
  /** An address of the newest form that no earlier form had, of the first Service and of the last. */
  newest(): readonly string[]
  close(): Promise<void>
}

export interface LargestSize {
  readonly services: number
  /** Of each Service. */
  readonly endpoints: number
  readonly vips: number
}

const NODES = 100

/** @param size What the ConfigMap names. */
export async function startLargestApi(size: LargestSize): Promise<LargestApi> {
  let turn = 0
  const version = () => String(1_000_000 + turn)
  const watches: { readonly path: string; readonly response: ServerResponse }[] = []
  const makers: Readonly<Record<string, { readonly count: number; make(at: number): object }>> = {
    configmaps: { count: 1, make: () => configMap(size) },
    nodes: { count: NODES, make: node },
    services: { count: size.services, make: (at) => service(at, size) },
    endpointslices: { count: size.services, make: (at) => slice(at, { size, turn, version: version() }) },
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://localhost")
    const resource = url.pathname.split("/").at(-1) ?? ""
    const maker = makers[resource]
    response.writeHead(200, { "content-type": "application/json" })
    if (url.searchParams.get("watch") === "true" || url.searchParams.get("watch") === "1") {
      response.flushHeaders()
      watches.push({ path: resource, response })
      return
    }
    if (maker === undefined) {
      response.end(JSON.stringify({ groupVersion: "discovery.k8s.io/v1", resources: [], metadata: {}, items: [] }))
      return
    }
    const start = Number(url.searchParams.get("continue") ?? 0)
    const end = Math.min(maker.count, start + Number(url.searchParams.get("limit") ?? maker.count))
    const items = Array.from({ length: end - start }, (_, at) => maker.make(start + at))
    const more = end < maker.count ? { continue: String(end) } : {}
    response.end(JSON.stringify({ metadata: { resourceVersion: version(), ...more }, items }))
  }

  async function sendEvents(response: ServerResponse): Promise<void> {
    for (let at = 0; at < size.services; at += 1) {
      const object = {
        ...slice(at, { size, turn, version: version() }),
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
      }
      if (!response.write(`${JSON.stringify({ type: "MODIFIED", object })}\n`))
        await new Promise((resolve) => response.once("drain", resolve))
    }
  }

  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    change: (by) => {
      turn += 1
      const open = watches.filter(({ path, response }) => path === "endpointslices" && !response.writableEnded)
      for (const { response } of open)
        if (by === "events") void sendEvents(response)
        else
          response.end(
            `${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } })}\n`,
          )
    },
    newest: () => [0, size.services - 1].map((at) => addressOf(at, { one: 0, turn })),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What nobody needs and every real object has. */
function managed(manager: string): object {
  return {
    managedFields: [
      {
        manager,
        operation: "Update",
        apiVersion: "v1",
        time: "2026-01-01T00:00:00Z",
        fieldsType: "FieldsV1",
        fieldsV1: {
          "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
          "f:spec": {
            "f:ports": {
              ".": {},
              'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {} },
            },
            "f:selector": {},
            "f:type": {},
          },
        },
      },
    ],
  }
}

function metadata(name: string, at: number): object {
  return {
    name,
    namespace: "default",
    uid: `00000000-0000-4000-8000-${String(at).padStart(12, "0")}`,
    resourceVersion: "1000",
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: { app: name },
  }
}

function nameOf(at: number): string {
  return `service-${String(at).padStart(4, "0")}`
}

/** As many ports as there are Services on one VIP. */
function portOf(at: number, { vips }: LargestSize): number {
  return 80 + Math.floor(at / vips)
}

function configMap(size: LargestSize): object {
  const data: Record<string, string> = {}
  for (let at = 0; at < size.services; at += 1) {
    const vip = at % size.vips
    const key = `10.${5 + Math.floor(vip / 250)}.1.${1 + (vip % 250)}`
    data[key] = `${data[key] ?? ""}default/${nameOf(at)}\n`
  }
  return { metadata: { ...metadata("vips", 1), ...managed("kubectl") }, data }
}

function node(at: number): object {
  const name = `worker-${String(at).padStart(3, "0")}`
  const addresses = [
    { type: "InternalIP", address: `10.4.${at >> 6}.${3 + (at & 63)}` },
    { type: "Hostname", address: name },
  ]
  return {
    metadata: { ...metadata(name, at), namespace: undefined, ...managed("kubelet") },
    status: { addresses, conditions: [{ type: "Ready", status: "True" }] },
  }
}

function service(at: number, size: LargestSize): object {
  const ports = [{ name: "http", port: portOf(at, size), protocol: "TCP", targetPort: "http" }]
  const spec = {
    type: "ClusterIP",
    clusterIP: `10.96.${at >> 8}.${at & 255}`,
    ports,
    selector: { app: nameOf(at) },
    sessionAffinity: "None",
    internalTrafficPolicy: "Cluster",
  }
  return { metadata: { ...metadata(nameOf(at), at), ...managed("kubectl") }, spec, status: { loadBalancer: {} } }
}

function slice(
  at: number,
  { size, turn, version }: { readonly size: LargestSize; readonly turn: number; readonly version: string },
): object {
  const name = nameOf(at)
  const endpoints = Array.from({ length: size.endpoints }, (_, one) => {
    const address = addressOf(at, { one, turn })
    return {
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: `worker-${String((at + one) % NODES).padStart(3, "0")}`,
      targetRef: {
        kind: "Pod",
        namespace: "default",
        name: `${name}-6d4cf56db6-${one}`,
        uid: `1${String(at).padStart(7, "0")}-0000-4000-8000-${String(one).padStart(12, "0")}`,
      },
      zone: "a",
    }
  })
  const labels = {
    "kubernetes.io/service-name": name,
    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
  }
  return {
    metadata: {
      ...metadata(`${name}-abcde`, at),
      resourceVersion: version,
      labels,
      ...managed("kube-controller-manager"),
    },
    addressType: "IPv4",
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    endpoints,
  }
}

/** A Service has 128 addresses of 10.64.0.0/10 a turn, and meets the same again after 32 / 5 turns: not within a run. */
function addressOf(at: number, { one, turn }: { readonly one: number; readonly turn: number }): string {
  const number = at * 128 + one + (turn % 6) * 655_360
  return `10.${64 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`
}
