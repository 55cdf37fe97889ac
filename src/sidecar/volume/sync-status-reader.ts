import { join } from "node:path"
import { MAXIMUM_FILE_BYTES, STATUS_FILE } from "../../contract/layout.ts"
import { decodeSyncStatus, type SyncStatus } from "../../contract/sync-status.ts"
import { readRegularFile } from "../../kit/safe-read.ts"

/** What `desired/status.yaml` says; null where there is none, or nobody can read it. */
export function syncStatusIn(desired: string): SyncStatus | null {
  try {
    const read = readRegularFile(join(desired, STATUS_FILE), MAXIMUM_FILE_BYTES)
    if (read.kind !== "file") return null
    const decoded = decodeSyncStatus(read.bytes.toString())
    return decoded.kind === "value" ? decoded.value : null
  } catch {
    return null
  }
}
