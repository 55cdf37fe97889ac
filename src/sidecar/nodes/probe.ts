import { connect, type Socket } from "node:net"
import type { Answer } from "./judge.ts"
import type { Target } from "./watched.ts"

/** Asks by TCP whether somebody is there. */
export interface Prober {
  /** Tries to connect, and hangs up at once. Never rejects. */
  ask(target: Target): Promise<Answer>
  /** Ends all that is under way. */
  close(): void
}

/** On a LAN a living kernel answers within a millisecond. */
const TIMEOUT_MS = 500
/** A timer so late says that this machine stood still, and nothing of the node. */
const LATE_MS = 1_000
/** Five hundred nodes that are silent all at once have half of them open. */
const MOST_OPEN = 256

/**
 * Makes a prober. At most `mostOpen` connections are tried at a time; what comes on top is `unknown`.
 *
 * It hangs up with a reset: no side keeps a closed connection for a minute.
 */
export function createProber({ timeoutMs = TIMEOUT_MS, mostOpen = MOST_OPEN } = {}): Prober {
  const open = new Set<Socket>()
  return {
    ask: ({ address, port }) =>
      new Promise((resolve) => {
        if (open.size >= mostOpen) return resolve("unknown")
        const startedAt = performance.now()
        const socket = connect({ host: address, port })
        open.add(socket)
        const end = (answer: Answer) => {
          clearTimeout(timer)
          open.delete(socket)
          socket.resetAndDestroy()
          resolve(answer)
        }
        // Where our own loop was late, what has arrived meanwhile is read before the verdict.
        const timer = setTimeout(() => setImmediate(() => end(isLate() ? "unknown" : "silent")), timeoutMs)
        const isLate = () => performance.now() - startedAt > timeoutMs + LATE_MS
        socket.once("connect", () => end("accepted"))
        socket.on("error", (error) => end(answerOf(error)))
        socket.once("close", () => end("unknown"))
      }),
    close: () => {
      for (const socket of open) socket.destroy()
    },
  }
}

function answerOf(error: Error): Answer {
  const code: unknown = Reflect.get(error, "code")
  return typeof code === "string" ? (ANSWERS[code] ?? "unknown") : "unknown"
}

/** A refusal comes from the node itself. That it cannot be reached is said by others, on its behalf or on ours. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "refused",
  ETIMEDOUT: "silent",
  EHOSTUNREACH: "silent",
  EHOSTDOWN: "silent",
  ENETUNREACH: "silent",
}
