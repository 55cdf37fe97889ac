import { chmodSync, closeSync, constants, existsSync, fchmodSync, mkdirSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"

import {
  encodeHeartbeat,
  type Heartbeat,
  HEARTBEAT_BYTES,
  HEARTBEAT_DIRECTORY,
  HEARTBEAT_FILE,
} from "../../contract/heartbeat.ts"

/**
 * Overwrites the sidecar's record below `applied` in place, which also works on a full disk. It opens the file each time, so that
 * a removed file comes back; sync, another user, may read it.
 *
 * @throws when the volume cannot be written.
 */
export function writeHeartbeat(applied: string, heartbeat: Heartbeat): void {
  const directory = join(applied, HEARTBEAT_DIRECTORY)
  if (!existsSync(directory)) {
    mkdirSync(directory)
    chmodSync(directory, 0o755)
  }
  const path = join(directory, HEARTBEAT_FILE)
  const isNew = !existsSync(path)
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o644)
  try {
    if (isNew) fchmodSync(descriptor, 0o644)
    const written = writeSync(descriptor, Buffer.from(encodeHeartbeat(heartbeat)), 0, HEARTBEAT_BYTES, 0)
    if (written !== HEARTBEAT_BYTES) throw new Error(`${written} of ${HEARTBEAT_BYTES} bytes of "${path}" were written`)
  } finally {
    closeSync(descriptor)
  }
}
