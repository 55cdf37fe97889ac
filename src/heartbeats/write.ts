import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  statSync,
  writeSync,
} from "node:fs"
import { join } from "node:path"

import {
  encodeHeartbeat,
  type Heartbeat,
  HEARTBEAT_BYTES,
  HEARTBEAT_DIRECTORY,
  HEARTBEAT_FILE,
} from "../contract/heartbeat.ts"

export interface HeartbeatWriter {
  /** Overwrites the record in place. @throws If the volume cannot be written at all. */
  write(heartbeat: Heartbeat): void
  close(): void
}

/**
 * Makes the writer of a program's record below its volume. It keeps the file open and overwrites it in place: this works on a full
 * disk, where a rewrite would leave an empty file, and also if no file can be opened any more. It creates a removed record again.
 * The other program, with another user, may read it.
 */
export function createHeartbeatWriter(volume: string): HeartbeatWriter {
  const directory = join(volume, HEARTBEAT_DIRECTORY)
  const path = join(directory, HEARTBEAT_FILE)
  let descriptor: number | null = null
  const close = () => {
    if (descriptor !== null) closeSync(descriptor)
    descriptor = null
  }
  const opened = (): number => {
    if (descriptor !== null && isThere(descriptor, path)) return descriptor
    close()
    if (!existsSync(directory)) {
      mkdirSync(directory)
      chmodSync(directory, 0o755)
    }
    const isNew = !existsSync(path)
    descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o644)
    if (isNew) fchmodSync(descriptor, 0o644)
    return descriptor
  }
  return {
    write: (heartbeat) => {
      const written = writeSync(opened(), Buffer.from(encodeHeartbeat(heartbeat)), 0, HEARTBEAT_BYTES, 0)
      if (written !== HEARTBEAT_BYTES)
        throw new Error(`Cannot write the heartbeat: wrote ${written} bytes, expected ${HEARTBEAT_BYTES}`)
    },
    close,
  }
}

/** Whether the name still leads to the open file; also true if this cannot be checked. */
function isThere(descriptor: number, path: string): boolean {
  try {
    const [open, named] = [fstatSync(descriptor), statSync(path)]
    return open.ino === named.ino && open.dev === named.dev
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ENOENT")
  }
}
