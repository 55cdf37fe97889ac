import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** A request as the fake saw it. */
export interface Asked {
  readonly path: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
}

/** A watch that is open at the fake. */
export interface OpenWatch {
  readonly asked: Asked
  /** Sends one event, or any line. */
  send(event: object | string | Buffer): void
  /** Ends it in order. */
  end(): void
  /** Resets the connection, after half a line. */
  reset(): void
}

/** What is answered instead: a Status, or whatever it writes. */
type Refusal = { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | Answer
type Answer = (response: ServerResponse) => void

/** A FAKE of the Kubernetes API server, over plain HTTP on loopback: it does what a test scripts, and knows no rules. */
export interface FakeApiServer {
  readonly url: string
  readonly asked: Asked[]
  readonly watches: OpenWatch[]
  /** What a list gives, by its path or the last part of it: `services`. */
  readonly items: Map<string, readonly object[]>
  /** The version of every list. */
  version: string
  /** Asked before anything else: an answer here is the whole answer. */
  refuse: (asked: Asked) => Refusal | null
  /** How many connections were ever made. */
  connections(): number
  /** How many watches were open or being asked for at the same time, at most. */
  mostWatches(): number
  close(): Promise<void>
}

export async function startFakeApiServer(): Promise<FakeApiServer> {
  let connections = 0
  let watches = 0
  let mostWatches = 0
  const server = createServer((request, response) => {
    if (request.url?.includes("watch=true") === true) {
      watches += 1
      mostWatches = Math.max(mostWatches, watches)
      response.once("close", () => (watches -= 1))
    }
    answer(fake, request, response)
  })
  server.on("connection", () => (connections += 1))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const fake: FakeApiServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    watches: [],
    items: new Map(),
    version: "10",
    refuse: () => null,
    connections: () => connections,
    mostWatches: () => mostWatches,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return fake
}

function answer(fake: FakeApiServer, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", fake.url)
  const asked = { path: url.pathname, query: url.searchParams, authorization: request.headers.authorization }
  fake.asked.push(asked)
  const refusal = fake.refuse(asked)
  if (refusal !== null) {
    if (typeof refusal === "function") return refusal(response)
    const status = { kind: "Status", code: refusal.status, message: "scripted" }
    response.writeHead(refusal.status, { "content-type": "application/json", ...refusal.headers })
    response.end(JSON.stringify(status))
    return
  }
  response.writeHead(200, { "content-type": "application/json" })
  if (asked.query.get("watch") === "true") return openWatch(fake, asked, response)
  const items = fake.items.get(asked.path) ?? fake.items.get(asked.path.split("/").at(-1) ?? "") ?? []
  const start = Number(asked.query.get("continue") ?? 0)
  const end = start + Number(asked.query.get("limit") ?? items.length)
  const metadata = { resourceVersion: fake.version, ...(end < items.length ? { continue: String(end) } : {}) }
  response.end(JSON.stringify({ metadata, items: items.slice(start, end), groupVersion: "", resources: [] }))
}

const LIST = '{"kind":"List","metadata":{"resourceVersion":"99"},"items":['

/** What goes wrong where an answer is no answer. */
export const BAD_ANSWERS: Readonly<Record<string, Answer>> = {
  "hangs before the headers": () => {},
  "hangs in the body": (response) => {
    response.writeHead(200, { "content-type": "application/json" })
    response.write(LIST)
  },
  "is reset in the body": (response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "9999" })
    response.write(LIST, () => response.socket?.resetAndDestroy())
  },
  "ends in the midst of the body": (response) => {
    response.writeHead(200, { "content-type": "application/json" })
    response.write(LIST, () => response.socket?.end())
  },
  "is 200 with HTML": (response) => {
    response.writeHead(200, { "content-type": "text/html" })
    response.end("<html><body>Please log in</body></html>")
  },
  "is 200 with HTML that is called JSON": (response) => {
    response.writeHead(200, { "content-type": "application/json" })
    response.end("<html><body>Please log in</body></html>")
  },
  "is 200 with cut JSON": (response) => {
    response.writeHead(200, { "content-type": "application/json" })
    response.end(LIST)
  },
  "is 200 without items": (response) => {
    response.writeHead(200, { "content-type": "application/json" })
    response.end('{"kind":"Status","status":"Success","metadata":{"resourceVersion":"99"}}')
  },
  "is 200 with nothing": (response) => {
    response.writeHead(200, { "content-type": "application/json" })
    response.end()
  },
}

function openWatch(fake: FakeApiServer, asked: Asked, response: ServerResponse): void {
  response.flushHeaders()
  fake.watches.push({
    asked,
    send: (event) =>
      response.write(typeof event === "string" || Buffer.isBuffer(event) ? event : `${JSON.stringify(event)}\n`),
    end: () => response.end(),
    reset: () => {
      response.write('{"type":"MODIFIED","object":{"metadata":{')
      setTimeout(() => response.socket?.resetAndDestroy(), 20)
    },
  })
}

/** A Service as the API has it. */
export function service(name: string, version: number, port = 80): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "default", resourceVersion: String(version), managedFields: [{ manager: "test" }] },
    spec: { type: "ClusterIP", clusterIP: "10.96.0.1", ports: [{ port, protocol: "TCP", targetPort: port }] },
  }
}

/** An event that carries nothing but a version. */
export function bookmark(version: number): object {
  return { type: "BOOKMARK", object: { kind: "Service", metadata: { resourceVersion: String(version) } } }
}
