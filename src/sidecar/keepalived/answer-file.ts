import { readFile, rm } from "node:fs/promises"
import type { Clock } from "../../kit/time/clock.ts"
import { ifPresent } from "../../kit/fault.ts"

/** A question that keepalived answers in a file in its directory for temporary files (TMPDIR). */
export interface FileQuestion<T> {
  readonly file: string
  /** Asks: sends a signal to the VRRP child. */
  readonly signal: () => void
  /** Null if the text is not, or not yet, the complete answer. */
  readonly read: (text: string) => T | null
  readonly limitMs: number
  readonly pollMs: number
  readonly clock: Clock
}

/** Maximum bytes of an answer: about 100 for each VIP, with a reserve. */
const LARGEST = 8 * 1024 * 1024

/** Makes keepalived write the file, and reads it. @returns null if nothing complete was written in time. */
export async function askByFile<T>({ file, signal, read, limitMs, pollMs, clock }: FileQuestion<T>): Promise<T | null> {
  await rm(file, { force: true })
  signal()
  try {
    for (let waitedMs = 0; waitedMs < limitMs; waitedMs += pollMs) {
      await clock.delay(pollMs)
      const bytes = await ifPresent(readFile(file))
      const answer = bytes === null || bytes.length > LARGEST ? null : read(bytes.toString("utf8"))
      if (answer !== null) return answer
    }
    return null
  } finally {
    await rm(file, { force: true })
  }
}
