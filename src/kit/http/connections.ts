import type { Server, Socket } from "node:net"

export interface ConnectionLimits {
  /** Maximum open connections: one more ends the oldest. */
  readonly open: number
  /** Maximum connections that are being sent an answer: one more ends the oldest. */
  readonly answered: number
  /** Maximum lifetime of a connection, in ms. */
  readonly lifeMs: number
}

export interface Connections {
  /** A request has arrived, and its answer is being made. */
  asked(socket: Socket): void
  /** The answer is being sent: the client should read it and end the connection. */
  answered(socket: Socket): void
  /** Ends the connections that have not sent a request yet. */
  endIdle(): void
  endAll(): void
}

/**
 * Limits the number and lifetime of a server's connections. A new connection always gets a place: a client that holds connections open, or sends or reads
 * slowly or never, loses its own oldest connection and does not block other clients.
 */
export function limitConnections(server: Server, limits: ConnectionLimits): Connections {
  const open = createLine(limits.open)
  const answered = createLine(limits.answered)
  const idle = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    const limit = setTimeout(() => end(socket), limits.lifeMs)
    socket.once("close", () => {
      clearTimeout(limit)
      idle.delete(socket)
    })
    idle.add(socket)
    open.add(socket)
  })
  return {
    asked: (socket) => void idle.delete(socket),
    answered: answered.add,
    endIdle: () => idle.forEach((socket) => socket.destroy()),
    endAll: open.endAll,
  }
}

/** Connections in the order in which they arrived. */
function createLine(most: number) {
  const line = new Set<Socket>()
  return {
    add: (socket: Socket) => {
      line.add(socket)
      socket.once("close", () => line.delete(socket))
      const [oldest] = line
      if (line.size > most && oldest !== undefined) {
        line.delete(oldest)
        end(oldest)
      }
    },
    endAll: () => line.forEach((socket) => socket.destroy()),
  }
}

/**
 * Ends a connection by a reset, which leaves nothing in the kernel; an orderly end would wait for the client there, for minutes. Node.js loses a socket
 * that is reset during an orderly end, so this waits for that end first.
 */
function end(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.once("finish", () => socket.resetAndDestroy())
  else socket.resetAndDestroy()
}
