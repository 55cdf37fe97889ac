import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { HEARTBEAT_DIRECTORY } from "../../contract/heartbeat.ts"
import { STATUS_FILE } from "../../contract/layout.ts"
import { encodeSyncStatus } from "../../contract/sync-status.ts"
import { replaceFile } from "../../kit/files/atomic-file.ts"
import { hasContent } from "../../kit/files/safe-read.ts"
import type { StatusWriter } from "../ports.ts"
import { isFull } from "../volume-problem.ts"

/** In the heartbeat's directory: reserved space and an inode for a status on a full disk. */
const RESERVE_FILE = "reserve"
/** Reserved bytes: enough for a status with about a hundred problems. */
const RESERVE_BYTES = 64 * 1024

/** Writes the volume's `status.yaml`. On a full disk it uses the reserve, so that it can report the full disk. */
export function createStatusWriter(directory: string): StatusWriter {
  const path = join(directory, STATUS_FILE)
  const reserve = join(directory, HEARTBEAT_DIRECTORY, RESERVE_FILE)
  let last: string | null = null
  keepBack(reserve)
  return {
    write: async (status) => {
      const text = encodeSyncStatus(status)
      try {
        await replaceFile(path, text)
      } catch (error) {
        if (!isFull(error)) throw error
        rmSync(reserve, { force: true })
        await replaceFile(path, text)
      } finally {
        keepBack(reserve)
      }
      last = text
    },
    isIntact: () => last === null || hasContent(path, Buffer.from(last)),
  }
}

/** If the reserve cannot be written, the next status tries again. */
function keepBack(reserve: string): void {
  try {
    if (existsSync(reserve)) return
    mkdirSync(join(reserve, ".."), { recursive: true })
    writeFileSync(reserve, Buffer.alloc(RESERVE_BYTES), { flag: "wx" })
  } catch {
    rmSync(reserve, { force: true })
  }
}
