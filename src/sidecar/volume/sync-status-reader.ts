import { join } from "node:path"
import { MAXIMUM_FILE_BYTES, STATUS_FILE } from "../../contract/layout.ts"
import { decodeSyncStatus } from "../../contract/sync-status.ts"
import { readRegularFile } from "../../kit/safe-read.ts"

/** The codes of what keeps sync from publishing, as `desired/status.yaml` says; empty where nothing does, or nobody can say. */
export function heldBySync(desired: string): readonly string[] {
  const read = readRegularFile(join(desired, STATUS_FILE), MAXIMUM_FILE_BYTES)
  if (read.kind !== "file") return []
  const decoded = decodeSyncStatus(read.bytes.toString())
  return decoded.kind === "value" && decoded.value.state !== "published"
    ? decoded.value.problems.map(({ code }) => code)
    : []
}
