import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { HEARTBEAT_DIRECTORY } from "../../contract/heartbeat.ts"
import { STATUS_FILE } from "../../contract/layout.ts"
import { encodeSyncStatus } from "../../contract/sync-status.ts"
import { replaceFile } from "../../kit/atomic-file.ts"
import { hasContent } from "../../kit/safe-read.ts"
import type { StatusWriter } from "../ports.ts"
import { isFull } from "../volume-problem.ts"

/** Beside the heartbeat: room, and one inode, that a status takes where the disk has none left. */
const RESERVE_FILE = "reserve"
/** Bytes kept back: a status with some hundred problems. */
const RESERVE_BYTES = 64 * 1024

/** Writes `status.yaml` of the volume. On a full disk it gives up what it keeps back: that the disk is full must be said. */
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

/** What cannot be kept back now is tried again with the next status. */
function keepBack(reserve: string): void {
  try {
    if (existsSync(reserve)) return
    mkdirSync(join(reserve, ".."), { recursive: true })
    writeFileSync(reserve, Buffer.alloc(RESERVE_BYTES), { flag: "wx" })
  } catch {
    rmSync(reserve, { force: true })
  }
}
