import { constants, fstatSync, openSync, writeSync } from "node:fs"
import { faultCode } from "./fault.ts"

/** A place for text, such as standard error, that never makes its writer wait for whoever reads there. */
export interface Output {
  /** Writes at once what the reader has room for, and the rest later, in order; drops whole texts where too much waits already. */
  write(text: string): void
  /** Has what `words` gives written where texts were dropped, once the reader takes some again. Empty: nothing. */
  onLost(words: (count: number) => string): void
  /** Waits for the reader, at most so many ms: for the last words of a process. */
  flush(limitMs: number): void
}

/** Takes bytes as far as there is room now, and gives how many. @throws EAGAIN where there is none, or what else is wrong. */
export type Put = (bytes: Uint8Array) => number

/** Maximum bytes that wait for a reader. */
const WAITING_BYTES = 256 * 1024
/** Milliseconds between two looks whether the reader has room again. */
const RETRY_MS = 50
const FLUSH_RETRY_MS = 5

/** An output that writes with `put`. */
export function createOutput(put: Put): Output {
  const waiting: Uint8Array[] = []
  let waitingBytes = 0
  let lost = 0
  let lostWords = (count: number) => `kkv: ${count} lines were dropped here: nobody had read those before\n`
  let retry: NodeJS.Timeout | null = null

  function write(text: string): void {
    advance()
    const bytes = Buffer.from(text)
    // Every text until all that waits is written: the note marks the place where they are missing.
    if (lost > 0 || (waiting.length > 0 && waitingBytes + bytes.length > WAITING_BYTES)) lost++
    else keep(bytes)
    advance()
  }

  function keep(bytes: Uint8Array): void {
    waiting.push(bytes)
    waitingBytes += bytes.length
  }

  /** Writes what there is room for. @returns whether the reader may have room a moment later. */
  function advance(): boolean {
    for (;;) {
      if (waiting.length === 0 && lost > 0) {
        keep(Buffer.from(lostWords(lost)))
        lost = 0
      }
      const [first] = waiting
      if (first === undefined) return false
      const taken = attempt(put, first)
      waitingBytes -= taken.count
      if (taken.count < first.length) {
        waiting[0] = first.subarray(taken.count)
        retry ??= setTimeout(again, RETRY_MS).unref()
        return taken.mayTakeMore
      }
      waiting.shift()
    }
  }

  function again(): void {
    retry = null
    advance()
  }

  function flush(limitMs: number): void {
    const end = performance.now() + limitMs
    while (advance() && performance.now() < end) pause(FLUSH_RETRY_MS)
  }

  return { write, onLost: (words) => void (lostWords = words), flush }
}

interface Taken {
  readonly count: number
  /** False where waiting is in vain: the reader is gone, the disk is full. */
  readonly mayTakeMore: boolean
}

function attempt(put: Put, bytes: Uint8Array): Taken {
  if (bytes.length === 0) return { count: 0, mayTakeMore: true }
  try {
    return { count: put(bytes), mayTakeMore: true }
  } catch (error) {
    return { count: 0, mayTakeMore: ["EAGAIN", "EINTR"].includes(faultCode(error) ?? "") }
  }
}

/** Stands still: for the end of a process only. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** How long the end of the process waits for a reader of its last words. */
const LAST_WORDS_MS = 1_000

let shared: Output | null = null

/** Standard error of this process, which everything that writes there shares, so that the order is kept. */
export function standardError(): Output {
  if (shared !== null) return shared
  const output = createOutput(putTo(2))
  process.on("exit", () => output.flush(LAST_WORDS_MS))
  return (shared = output)
}

/**
 * A pipe or a terminal is opened once more, so that only our own writes stop waiting, and not those of other programs that have it. A file has no
 * reader to wait for. A socket cannot be opened: Node's own stream keeps the rest for it.
 */
function putTo(descriptor: number): Put {
  const own = fstatSync(descriptor).isFile() ? descriptor : opened(descriptor)
  if (own !== null) return (bytes) => writeSync(own, bytes)
  const stream = process.stderr
  stream.on("error", () => {})
  return (bytes) => {
    if (stream.writableLength > 0) throw Object.assign(new Error("Cannot write now"), { code: "EAGAIN" })
    stream.write(bytes)
    return bytes.length
  }
}

/** Null where the system does not let us. */
function opened(descriptor: number): number | null {
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY
  try {
    return openSync(`/proc/self/fd/${descriptor}`, flags)
  } catch {
    return null
  }
}
