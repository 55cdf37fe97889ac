import { join } from "node:path"
import { STATUS_FILE } from "../../contract/layout.ts"
import { encodeStatus, type Status } from "../../contract/status.ts"
import { replaceFile } from "../../kit/atomic-file.ts"

export interface StatusWriter {
  /** Has what is new written soon. Never waits, never throws. */
  write(status: Omit<Status, "time">): void
  /** The newest; null before the first. */
  value(): Status | null
  /** Resolves when nothing is left to write. */
  idle(): Promise<void>
}

/** People read it: it may come a moment after what it tells, and never in the way of that. */
const GATHER_MS = 100

/**
 * Writes applied/status.yaml when it says something new; the time alone is nothing new.
 *
 * @param failed hears of what could not be written. The status is for people; nothing that serves traffic waits for it.
 */
export function createStatusWriter(applied: string, failed: (error: unknown) => void): StatusWriter {
  const path = join(applied, STATUS_FILE)
  let latest: Omit<Status, "time"> | null = null
  let timer: NodeJS.Timeout | null = null
  let current: Status | null = null
  let written = ""
  let work: Promise<void> = Promise.resolve()
  const flush = () => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    if (latest === null) return
    const timeless = encodeStatus({ ...latest, time: "" })
    if (timeless === written) return
    written = timeless
    current = { ...latest, time: new Date().toISOString() }
    const text = encodeStatus(current)
    work = work.then(() => replaceFile(path, text)).catch(failed)
  }
  return {
    value: () => {
      flush()
      return current
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
