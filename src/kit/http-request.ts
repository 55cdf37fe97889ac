import type { Socket } from "node:net"

export interface HttpRequest {
  readonly method: string
  /** Without what follows a question mark. */
  readonly path: string
}

/** Maximum bytes of a request's line and headers, and of what a client may send after them. */
const HEAD_BYTES = 8 * 1024
const BODY_BYTES = 64 * 1024

/**
 * Reads the one request of a connection; null where it is none. What comes after it is dropped unread, and too much of it ends the connection: Node's own
 * server takes apart all requests that a client sends at once, which costs it a thousand times as much as the client.
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

/** A path is taken as it is written: what answers is looked up by name, and nothing is a file. */
function requestOf(head: string): HttpRequest | null {
  const [, method, target] = /^([A-Z]{1,20}) (\/[!-~]*|\*) HTTP\/\d\.\d\r?\n/.exec(head) ?? []
  return method === undefined || target === undefined ? null : { method, path: target.replace(/\?.*$/s, "") }
}
