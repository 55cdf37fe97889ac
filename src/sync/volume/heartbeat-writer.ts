import { closeSync, constants, existsSync, mkdirSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"

import {
  encodeHeartbeat,
  type Heartbeat,
  HEARTBEAT_BYTES,
  HEARTBEAT_DIRECTORY,
  HEARTBEAT_FILE,
} from "../../contract/heartbeat.ts"

export interface HeartbeatWriter {
  /** Overwrites the record in place. @throws when the volume cannot be written at all. */
  write(heartbeat: Heartbeat): void
  close(): void
}

/**
 * Opens the record, all its bytes reserved: on a full disk a rewrite would leave an empty file, an overwrite in place still
 * works.
 */
export function openHeartbeat(desired: string): HeartbeatWriter {
  const directory = join(desired, HEARTBEAT_DIRECTORY)
  if (!existsSync(directory)) mkdirSync(directory)
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW
  const descriptor = openSync(join(directory, HEARTBEAT_FILE), flags, 0o644)
  return {
    write: (heartbeat) => {
      const written = writeSync(descriptor, Buffer.from(encodeHeartbeat(heartbeat)), 0, HEARTBEAT_BYTES, 0)
      if (written !== HEARTBEAT_BYTES) throw new Error(`Cannot write the heartbeat: ${written} bytes arrived`)
    },
    close: () => closeSync(descriptor),
  }
}
