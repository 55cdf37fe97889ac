import { join } from "node:path"
import { MAXIMUM_FILE_BYTES, STATUS_FILE } from "../../contract/layout.ts"
import { decodeSyncStatus, type SyncStatus } from "../../contract/sync-status.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"

/** The content of `desired/status.yaml`; null if it is missing or cannot be read. */
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
