import { join } from "node:path"
import { STATUS_FILE } from "../../contract/layout.ts"
import { encodeStatus, type Status } from "../../contract/status.ts"
import { replaceFile } from "../../kit/atomic-file.ts"

export interface StatusWriter {
  /** Has what is new written soon. Never waits, never throws. */
  write(status: Omit<Status, "time">): void
  /** The newest; null before the first. */
  value(): Status | null
  /** Tries again what could not be written; nothing happens where all is. */
  retry(): void
  /** Resolves when nothing is left to write. */
  idle(): Promise<void>
}

/** People read it: it may come a moment after what it tells, and never in the way of that. */
const GATHER_MS = 100

/**
 * Writes applied/status.yaml when it says something new; the time alone is nothing new.
 *
 * @param told hears how each write ended: null, or why it failed. The status is for people; nothing that serves traffic
 *   waits for it.
 */
export function createStatusWriter(applied: string, told: (error: unknown) => void): StatusWriter {
  const path = join(applied, STATUS_FILE)
  let latest: Omit<Status, "time"> | null = null
  let timer: NodeJS.Timeout | null = null
  let current: Status | null = null
  let written = ""
  let isBehind = false
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
    work = work
      .then(() => replaceFile(path, text))
      .then(
        () => told(null),
        (error: unknown) => {
          // Else it would never be tried again, and the older status would be believed.
          written = ""
          isBehind = true
          told(error)
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
