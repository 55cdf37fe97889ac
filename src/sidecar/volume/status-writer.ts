import { join } from "node:path"
import { STATUS_FILE } from "../../contract/layout.ts"
import { encodeStatus, type Status } from "../../contract/status.ts"
import { replaceFile } from "../../kit/atomic-file.ts"

export interface StatusWriter {
  /** Writes what is new. Never waits, never throws. */
  write(status: Omit<Status, "time">): void
  /** As of the last write; null before the first. */
  value(): Status | null
  /** Resolves when nothing is being written. */
  idle(): Promise<void>
}

/**
 * Writes applied/status.yaml when it says something new; the time alone is nothing new.
 *
 * @param failed hears of what could not be written. The status is for people; nothing that serves traffic waits for it.
 */
export function createStatusWriter(applied: string, failed: (error: unknown) => void): StatusWriter {
  const path = join(applied, STATUS_FILE)
  let current: Status | null = null
  let written = ""
  let work: Promise<void> = Promise.resolve()
  return {
    value: () => current,
    idle: () => work,
    write: (status) => {
      const timeless = encodeStatus({ ...status, time: "" })
      if (timeless === written) return
      written = timeless
      current = { ...status, time: new Date().toISOString() }
      const text = encodeStatus(current)
      work = work.then(() => replaceFile(path, text)).catch(failed)
    },
  }
}
