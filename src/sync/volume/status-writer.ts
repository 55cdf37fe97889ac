import { join } from "node:path"

import { STATUS_FILE } from "../../contract/layout.ts"
import { encodeSyncStatus } from "../../contract/sync-status.ts"
import { replaceFile } from "../../kit/atomic-file.ts"
import type { StatusWriter } from "../ports.ts"

/** Writes `status.yaml` of the volume. */
export function createStatusWriter(directory: string): StatusWriter {
  return { write: (status) => replaceFile(join(directory, STATUS_FILE), encodeSyncStatus(status)) }
}
