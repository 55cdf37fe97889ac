import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { faultCode, faultText } from "./fault.ts"

export interface HttpAnswer {
  readonly status: number
  /** Media type, such as `text/plain`; text is always sent as UTF-8. */
  readonly type: string
  readonly body: string
}

/** Path, such as `/metrics`, to what answers it. */
export type HttpRoutes = Readonly<Record<string, () => HttpAnswer | Promise<HttpAnswer>>>

export interface HttpOptions {
  /** 0 lets the system choose. */
  readonly port: number
  /** `0.0.0.0` is every IPv4 address of the machine. */
  readonly address: string
  readonly routes: HttpRoutes
  /** Gets what a route threw; the client got status 500 and the message. */
  readonly onFault?: (path: string, error: unknown) => void
}

export interface HttpServer {
  /** The port listened on, also where 0 was asked for. */
  readonly port: number
  /** Takes no more requests and resolves when the last connection is gone; answers under way have `CLOSE_LIMIT_MS`. */
  close(): Promise<void>
}

/** How long `close()` waits for answers under way. */
const CLOSE_LIMIT_MS = 1_000
/** How long a client may take to send its request. */
const REQUEST_LIMIT_MS = 5_000
/** What comes on top is cut off at once: whoever opens connections takes none of the files that the program may have open. */
const MOST_CONNECTIONS = 64

/**
 * Answers GET and HEAD from functions.
 *
 * @throws When the address cannot be listened on.
 */
export async function serve(options: HttpOptions): Promise<HttpServer> {
  const limits = { requestTimeout: REQUEST_LIMIT_MS, headersTimeout: REQUEST_LIMIT_MS }
  const server = createServer(limits, (request, response) => {
    void answer(options, request).then((found) => {
      // Kept open, the connection of the last answer would hold up close().
      if (!server.listening) response.shouldKeepAlive = false
      send(found, request, response)
    })
  })
  server.maxConnections = MOST_CONNECTIONS
  await listen(server, options)
  return { port: portOf(server), close: () => close(server) }
}

function listen(server: Server, options: HttpOptions): Promise<void> {
  const { port, address } = options
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(new Error(`Cannot listen on ${address} port ${port}${listenHint(error)}`, { cause: error }))
    })
    server.listen({ port, host: address }, () => {
      server.removeAllListeners("error")
      resolve()
    })
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("Cannot tell the port: the server has none")
  return address.port
}

function listenHint(error: Error): string {
  switch (faultCode(error)) {
    case "EADDRINUSE":
      return " (another program has it; stop that one or choose another port)"
    case "EADDRNOTAVAIL":
      return " (this machine does not have that address)"
    case "EACCES":
      return " (ports below 1024 need root)"
    default:
      return ""
  }
}

async function answer(options: HttpOptions, request: IncomingMessage): Promise<HttpAnswer> {
  const path = (request.url ?? "/").replace(/\?.*$/s, "")
  if (request.method !== "GET" && request.method !== "HEAD") {
    return text(405, `Cannot ${request.method} ${path}: only GET and HEAD are answered here\n`)
  }
  const route = Object.hasOwn(options.routes, path) ? options.routes[path] : undefined
  if (route === undefined) {
    const paths = Object.keys(options.routes).join("\n")
    return text(404, `Cannot find ${path}: there are\n${paths}\n`)
  }
  try {
    return await route()
  } catch (error) {
    options.onFault?.(path, error)
    return text(500, `Cannot answer ${path}: ${faultText(error)}\n`)
  }
}

function text(status: number, body: string): HttpAnswer {
  return { status, type: "text/plain", body }
}

function send(found: HttpAnswer, request: IncomingMessage, response: ServerResponse): void {
  const body = Buffer.from(found.body)
  const type = found.type.includes("charset") ? found.type : `${found.type}; charset=utf-8`
  const headers = { "content-type": type, "content-length": body.length, "cache-control": "no-store", ...AS_IS }
  response.writeHead(found.status, found.status === 405 ? { ...headers, allow: "GET, HEAD" } : headers)
  response.end(request.method === "HEAD" ? undefined : body)
}

/** A browser shall not take a text for a page, whatever stands in it. */
const AS_IS = { "x-content-type-options": "nosniff" }

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => server.closeAllConnections(), CLOSE_LIMIT_MS)
    server.close(() => {
      clearTimeout(limit)
      resolve()
    })
    // A connection that a client keeps open for its next request would hold up close() for as long as it likes.
    server.closeIdleConnections()
  })
}
