import { constants, fstatSync, openSync, writeSync } from "node:fs"
import { faultCode } from "../fault.ts"

/** A destination for text, such as standard error, that never makes its writer wait for the reader. */
export interface Output {
  /** Writes at once as much as the reader can take, and the rest later, in order; drops whole texts if too much is waiting. */
  write(text: string): void
  /** Sets the note that is written in place of dropped texts, once the reader goes on. An empty text: no note. */
  onLost(words: (count: number) => string): void
  /** Waits for the reader, at most `limitMs`: for the last texts of a process. */
  flush(limitMs: number): void
}

/** Writes as many bytes as there is room for, and gives their number. @throws EAGAIN if there is no room, and other faults. */
export type Put = (bytes: Uint8Array) => number

/** Maximum bytes that wait for the reader. */
const WAITING_BYTES = 256 * 1024
/** Milliseconds between two attempts to write what waits. */
const RETRY_MS = 50
const FLUSH_RETRY_MS = 5

/** An output that writes with `put`. */
export function createOutput(put: Put): Output {
  const waiting: Uint8Array[] = []
  let waitingBytes = 0
  let lost = 0
  let lostWords = (count: number) => `kkv: ${count} lines were dropped here: the reader of this log was too slow\n`
  let retry: NodeJS.Timeout | null = null

  function write(text: string): void {
    advance()
    const bytes = Buffer.from(text)
    // Once a text is dropped, all later ones are too, until the waiting texts are written: the note then marks one gap.
    if (lost > 0 || (waiting.length > 0 && waitingBytes + bytes.length > WAITING_BYTES)) lost++
    else keep(bytes)
    advance()
  }

  function keep(bytes: Uint8Array): void {
    waiting.push(bytes)
    waitingBytes += bytes.length
  }

  /** Writes as much as there is room for. @returns Whether there may be more room a moment later. */
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
  /** False if waiting does not help: the reader has ended, or the disk is full. */
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

/** Blocks the whole process: only for its end. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** Maximum time that the end of the process waits for the reader, in ms. */
const LAST_WORDS_MS = 1_000

let shared: Output | null = null

/** Standard error of this process. All code that writes there shares it, so that the order is kept. */
export function standardError(): Output {
  if (shared !== null) return shared
  const output = createOutput(putTo(2))
  process.on("exit", () => output.flush(LAST_WORDS_MS))
  return (shared = output)
}

/**
 * Opens a pipe or a terminal again, so that only our own writes become non-blocking, not those of other programs that use it. A file has no reader to wait
 * for. A socket cannot be opened again: for it, Node's own stream buffers the rest.
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

/** Null if the system does not allow it. */
function opened(descriptor: number): number | null {
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY
  try {
    return openSync(`/proc/self/fd/${descriptor}`, flags)
  } catch {
    return null
  }
}
