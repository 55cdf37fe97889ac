import type { Socket } from "node:net"

export interface HttpRequest {
  readonly method: string
  /** Without the query (from the question mark on). */
  readonly path: string
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
  return method === undefined || target === undefined ? null : { method, path: target.replace(/\?.*$/s, "") }
}
