import { join } from "node:path"
import { STATUS_FILE } from "../../contract/layout.ts"
import { encodeStatus, type Status } from "../../contract/status.ts"
import { replaceFile } from "../../kit/files/atomic-file.ts"
import { createWriteBehind } from "../../kit/files/write-behind.ts"
import type { Clock } from "../../kit/time/clock.ts"

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

export interface StatusWriterOptions {
  readonly clock: Clock
  readonly date: () => Date
  /** Reports how each write ended: null, or the error. The status is for users; traffic does not wait for it. */
  readonly onOutcome: (error: unknown) => void
  /** Gets each new status, and the one before it; null before the first. */
  readonly onChange?: (before: Status | null, status: Status) => void
}

/** Writes applied/status.yaml when the status changes; a new time alone does not count. */
export function createStatusWriter(
  applied: string,
  { clock, date, onOutcome, onChange }: StatusWriterOptions,
): StatusWriter {
  const path = join(applied, STATUS_FILE)
  let latest: (() => Omit<Status, "time">) | null = null
  let current: Status | null = null
  /** The newest text without its time, and the text that the file has. */
  let timeless = ""
  let written = ""
  let isBehind = false
  /** @returns whether the status is another one. */
  const settle = (): boolean => {
    if (latest === null) return false
    const status = latest()
    const text = encodeStatus({ ...status, time: "" })
    if (text === timeless) return false
    timeless = text
    const before = current
    current = { ...status, time: date().toISOString() }
    onChange?.(before, current)
    return true
  }
  const slot = createWriteBehind<null>({
    clock,
    afterMs: GATHER_MS,
    write: async () => {
      settle()
      if (current === null) return true
      const text = encodeStatus(current)
      if (text === written) return true
      try {
        await replaceFile(path, text)
        written = text
        onOutcome(null)
        return true
      } catch (error) {
        // Otherwise it would never be tried again, and readers would trust the older status.
        timeless = ""
        isBehind = true
        onOutcome(error)
        return false
      }
    },
  })
  return {
    value: () => {
      if (settle()) slot.put(null)
      return current
    },
    retry: () => {
      if (!isBehind) return
      isBehind = false
      slot.put(null)
      slot.flush()
    },
    idle: slot.idle,
    write: (status) => {
      latest = status
      slot.put(null)
    },
  }
}
