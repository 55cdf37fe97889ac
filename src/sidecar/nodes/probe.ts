import { connect, type Socket } from "node:net"
import type { Answer } from "./reachability.ts"
import type { Target } from "./watched.ts"

/** Probes by TCP whether a host answers. */
export interface Prober {
  /** Tries to connect, and closes at once. Never rejects. */
  ask(target: Target): Promise<Answer>
  /** Ends all probes under way. */
  close(): void
}

/** Time limit: on a LAN a living kernel answers within a millisecond. */
const TIMEOUT_MS = 500
/** A timer that fires later than this shows that this machine paused, and says nothing about the node. */
const LATE_MS = 1_000
/** Maximum open connections: five hundred nodes that are silent at the same time have half of them open. */
const MOST_OPEN = 256

/**
 * Makes a prober. It tries at most `mostOpen` connections at a time; further ones are `unknown`.
 *
 * It closes with a reset, so that no side keeps a closed connection for a minute.
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
        // If our own event loop was late, read what has arrived meanwhile before the verdict.
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

/** A refusal comes from the node itself. Other hosts, or this one, report that it cannot be reached. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "refused",
  ETIMEDOUT: "silent",
  EHOSTUNREACH: "silent",
  EHOSTDOWN: "silent",
  ENETUNREACH: "silent",
}
