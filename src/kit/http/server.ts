import { once } from "node:events"
import { STATUS_CODES } from "node:http"
import { createServer, type Server, type Socket } from "node:net"
import { faultCode, faultText } from "../fault.ts"
import { type Connections, limitConnections } from "./connections.ts"
import { type HttpRequest, onRequest } from "./request.ts"

export interface HttpAnswer {
  readonly status: number
  /** Media type, such as `text/plain`; text is always sent as UTF-8. */
  readonly type: string
  readonly body: string
  /** More headers, with lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Maps a path, such as `/metrics`, to the function that answers it. */
export type HttpRoutes = Readonly<Record<string, () => HttpAnswer | Promise<HttpAnswer>>>

/** The same for answers that depend on the query or on headers: clients share one only if they ask for exactly the same. */
export type HttpPages = Readonly<Record<string, (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>>>

export interface HttpOptions {
  /** With 0, the system chooses a port. */
  readonly port: number
  /** `0.0.0.0` is every IPv4 address of the machine. */
  readonly address: string
  readonly routes: HttpRoutes
  readonly pages?: HttpPages
  /** Gets the error that a route threw; the client gets status 500 and the message. */
  readonly onFault?: (path: string, error: unknown) => void
}

export interface HttpServer {
  /** The port that the server listens on, also if the option was 0. */
  readonly port: number
  /** Stops taking requests and resolves when the last connection has ended; answers in progress have `CLOSE_LIMIT_MS`. */
  close(): Promise<void>
}

/** Time that `close()` waits for answers in progress. */
const CLOSE_LIMIT_MS = 1_000
/** Connection limits: a client has 5 s in total, and the 513th connection ends the oldest. */
const CONNECTIONS = { open: 512, answered: 16, lifeMs: 5_000 }

/**
 * Answers GET and HEAD from functions, one request per connection.
 *
 * Clients that hold connections open, send or read slowly, or send many requests do not block other clients: connections have limits, clients share
 * an expensive answer, and a connection costs very little.
 *
 * @throws If it cannot listen on the address.
 */
export async function serve(options: HttpOptions): Promise<HttpServer> {
  const server = createServer({ allowHalfOpen: true, noDelay: true })
  const connections = limitConnections(server, CONNECTIONS)
  const answer = createAnswer(options)
  server.on("connection", (socket) => {
    // A client may disconnect at any moment; then there is nothing to do.
    socket.on("error", () => {})
    onRequest(socket, (request) => {
      connections.asked(socket)
      void answer(request).then((found) => {
        send(found, request, socket)
        connections.answered(socket)
      })
    })
  })
  await listen(server, options)
  return { port: portOf(server), close: () => close(server, connections) }
}

async function listen(server: Server, { port, address }: HttpOptions): Promise<void> {
  server.listen({ port, host: address })
  try {
    await once(server, "listening")
  } catch (cause) {
    throw new Error(`Cannot listen on ${address} port ${port}${listenHint(cause)}`, { cause })
  }
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("Cannot tell the port: the server has none")
  return address.port
}

/**
 * One server per address, so that a client that overloads one does not block another.
 *
 * @throws If one cannot listen; then none does.
 */
export async function serveEach(
  addresses: readonly string[],
  optionsOf: (address: string) => Omit<HttpOptions, "address">,
): Promise<{ readonly ports: readonly number[]; close(): Promise<void> }> {
  const servers: HttpServer[] = []
  const close = async () => void (await Promise.all(servers.map((server) => server.close())))
  try {
    for (const address of addresses) servers.push(await serve({ ...optionsOf(address), address }))
  } catch (error) {
    await close()
    throw error
  }
  return { ports: servers.map(({ port }) => port), close }
}

function listenHint(error: unknown): string {
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

/** An answer whose body is encoded as bytes. */
interface Reply extends Omit<HttpAnswer, "body"> {
  readonly body: Buffer
}

/** Makes the function that answers requests. Clients that ask at the same time share one answer and its memory. */
function createAnswer(options: HttpOptions): (request: HttpRequest | null) => Promise<Reply> {
  const shared = new Map<string, Promise<Reply>>()
  return (request) => {
    if (request === null) return text(400, "Cannot read the request: expected GET, a path and HTTP/1.1\n")
    const { method, path } = request
    if (method !== "GET" && method !== "HEAD")
      return text(405, `Cannot ${method} ${path}: only GET and HEAD are answered here\n`)
    const found = sourceOf(options, request)
    if (found === null) return text(404, `Cannot find ${path}: there are\n${pathsOf(options).join("\n")}\n`)
    const { key, make } = found
    const before = shared.get(key)
    if (before !== undefined) return before
    const reply = made(options, path, make)
    shared.set(key, reply)
    // Clients whose requests arrive in the same turn of the event loop share the answer.
    void reply.then(() => setImmediate(() => shared.delete(key)))
    return reply
  }
}

interface Source {
  /** Equal for requests with the same answer. */
  readonly key: string
  readonly make: () => HttpAnswer | Promise<HttpAnswer>
}

function sourceOf({ routes, pages = {} }: HttpOptions, request: HttpRequest): Source | null {
  const { path, query, accept, host } = request
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined
  if (route !== undefined) return { key: path, make: route }
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined
  return page === undefined ? null : { key: [path, query, accept, host].join("\n"), make: () => page(request) }
}

function pathsOf({ routes, pages = {} }: HttpOptions): readonly string[] {
  return [...Object.keys(routes), ...Object.keys(pages)]
}

async function made(options: HttpOptions, path: string, make: Source["make"]): Promise<Reply> {
  try {
    return replyOf(await make())
  } catch (error) {
    options.onFault?.(path, error)
    return text(500, `Cannot answer ${path}: ${faultText(error)}\n`)
  }
}

function replyOf({ type, body, ...rest }: HttpAnswer): Reply {
  return { ...rest, type: type.includes("charset") ? type : `${type}; charset=utf-8`, body: Buffer.from(body) }
}

function text(status: number, body: string): Promise<Reply> {
  return Promise.resolve(replyOf({ status, type: "text/plain", body }))
}

function send({ status, type, body, headers: more = {} }: Reply, request: HttpRequest | null, socket: Socket): void {
  if (!socket.writable) return
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    `content-type: ${type}`,
    `content-length: ${body.length}`,
    "cache-control: no-store",
    // Prevents a browser from treating text as a page.
    "x-content-type-options: nosniff",
    ...(status === 405 ? ["allow: GET, HEAD"] : []),
    ...Object.entries(more).map(([name, value]) => `${name}: ${value}`),
    "connection: close",
  ]
  // If it ended at once, the connection could not be reset while its client does not read.
  const done = () => void socket.end()
  const isBodyAsked = request?.method !== "HEAD"
  socket.cork()
  socket.write(`${headers.join("\r\n")}\r\n\r\n`, isBodyAsked ? undefined : done)
  if (isBodyAsked) socket.write(body, done)
  socket.uncork()
}

function close(server: Server, connections: Connections): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(connections.endAll, CLOSE_LIMIT_MS)
    server.close(() => {
      clearTimeout(limit)
      resolve()
    })
    connections.endIdle()
  })
}
