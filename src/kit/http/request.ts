import type { Socket } from "node:net"

export interface HttpRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** The text after the question mark; empty without one. */
  readonly query: string
  /** The headers `Accept` and `Host`; empty if the request does not have them. */
  readonly accept: string
  readonly host: string
}

/** Maximum bytes of the request line with the headers, and of the data after them. */
const HEAD_BYTES = 8 * 1024
const BODY_BYTES = 64 * 1024

/**
 * Reads the one request of a connection; null if it is not a valid request. It drops all data after the request, and too much data ends the connection.
 * Node's own server parses all requests that a client sends at once, which costs the server a thousand times as much as the client.
 */
export function onRequest(socket: Socket, use: (request: HttpRequest | null) => void): void {
  let head = ""
  let isRead = false
  let bytes = 0
  socket.on("data", (chunk) => {
    bytes += chunk.length
    if (isRead) {
      if (bytes > HEAD_BYTES + BODY_BYTES) socket.destroy()
      return
    }
    head += chunk.toString("latin1", 0, HEAD_BYTES)
    const isWhole = /\r?\n\r?\n/.test(head)
    if (!isWhole && bytes < HEAD_BYTES) return
    isRead = true
    use(isWhole ? requestOf(head) : null)
    head = ""
  })
  socket.on("end", () => {
    if (!isRead) socket.destroy()
  })
}

/** Uses the path as the client wrote it: routes are looked up by name, and no path leads to a file. */
function requestOf(head: string): HttpRequest | null {
  const [, method, target] = /^([A-Z]{1,20}) (\/[!-~]*|\*) HTTP\/\d\.\d\r?\n/.exec(head) ?? []
  if (method === undefined || target === undefined) return null
  const [path = "", ...query] = target.split("?")
  return { method, path, query: query.join("?"), accept: header(head, "accept"), host: header(head, "host") }
}

/** The first header of that name. */
function header(head: string, name: string): string {
  const lines = head.split(/\r?\n/).map((line) => line.split(":"))
  const [, ...value] = lines.find(([key = ""]) => key.toLowerCase() === name) ?? []
  return value.join(":").trim()
}
