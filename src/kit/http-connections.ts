import type { Server, Socket } from "node:net"

export interface ConnectionLimits {
  /** Maximum connections at one time: one more ends the oldest. */
  readonly open: number
  /** Maximum of them that have an answer on its way: one more ends the oldest. */
  readonly answered: number
  /** Milliseconds from the start of a connection to its end, whatever it does in between. */
  readonly lifeMs: number
}

export interface Connections {
  /** A request came, and its answer is being made. */
  asked(socket: Socket): void
  /** The answer is on its way: the client is to take it and to end the connection. */
  answered(socket: Socket): void
  /** Ends the connections that have not asked yet. */
  endIdle(): void
  endAll(): void
}

/**
 * Keeps the connections of a server few and short. The newest one always wins: a client that opens connections and holds them, sends or reads slowly, or
 * never reads, loses its own oldest connection and keeps nobody else away.
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

/** Connections in the order of their coming. */
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
 * By a reset, which leaves nothing in the kernel: there an orderly end waits for the client, for minutes. Node.js loses a socket that is reset while its
 * end is under way.
 */
function end(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.once("finish", () => socket.resetAndDestroy())
  else socket.resetAndDestroy()
}
