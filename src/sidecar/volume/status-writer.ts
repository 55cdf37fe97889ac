import { join } from "node:path"
import { STATUS_FILE } from "../../contract/layout.ts"
import { encodeStatus, type Status } from "../../contract/status.ts"
import { replaceFile } from "../../kit/files/atomic-file.ts"

export interface StatusWriter {
  /** Makes and writes the new status soon, in the background: the work that it reports goes first. Never waits, never throws. */
  write(status: () => Omit<Status, "time">): void
  /** The newest; null before the first. */
  value(): Status | null
  /** Tries again what could not be written; otherwise does nothing. */
  retry(): void
  /** Resolves when no write is pending. */
  idle(): Promise<void>
}

/** Delay: the file is for users, so it may be a moment late, and must not delay the work that it reports. */
const GATHER_MS = 100

/**
 * Writes applied/status.yaml when the status changes; a new time alone does not count.
 *
 * @param onOutcome Reports how each write ended: null, or the error. The status is for users; traffic does
 *   not wait for it.
 */
export function createStatusWriter(applied: string, onOutcome: (error: unknown) => void): StatusWriter {
  const path = join(applied, STATUS_FILE)
  let latest: (() => Omit<Status, "time">) | null = null
  let timer: NodeJS.Timeout | null = null
  let current: Status | null = null
  let written = ""
  let isBehind = false
  let work: Promise<void> = Promise.resolve()
  const flush = () => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    if (latest === null) return
    const status = latest()
    const timeless = encodeStatus({ ...status, time: "" })
    if (timeless === written) return
    written = timeless
    current = { ...status, time: new Date().toISOString() }
    const text = encodeStatus(current)
    work = work
      .then(() => replaceFile(path, text))
      .then(
        () => onOutcome(null),
        (error: unknown) => {
          // Otherwise it would never be tried again, and readers would trust the older status.
          written = ""
          isBehind = true
          onOutcome(error)
        },
      )
  }
  return {
    value: () => {
      flush()
      return current
    },
    retry: () => {
      if (!isBehind) return
      isBehind = false
      flush()
    },
    idle: () => {
      flush()
      return work
    },
    write: (status) => {
      latest = status
      timer ??= setTimeout(flush, GATHER_MS)
    },
  }
}
