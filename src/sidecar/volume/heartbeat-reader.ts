import { join } from "node:path"
import {
  type Age,
  faultIn,
  HEARTBEAT_BYTES,
  HEARTBEAT_DIRECTORY,
  HEARTBEAT_FILE,
  heartbeatAge,
  type HeartbeatReading,
  type Moment,
  readHeartbeat,
  sourceAgeOf,
} from "../../contract/heartbeat.ts"
import type { SyncSigns } from "../../contract/signs.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
import { bootId, uptimeSeconds } from "../../kit/time/uptime.ts"
import { syncStatusIn } from "./sync-status-reader.ts"

/** Seconds since sync last read its whole source, or why that is unknown. */
export function sourceAge(desired: string): Age {
  const reading = heartbeatIn(desired)
  return sourceAgeOf(reading, now())
}

/** What sync's volume says about sync; each part that cannot be read is unknown. */
export function syncSigns(desired: string): SyncSigns {
  const reading = heartbeatIn(desired)
  const moment = now()
  return {
    silence: heartbeatAge(reading, moment),
    sourceAge: sourceAgeOf(reading, moment),
    published: reading.kind === "heartbeat" ? reading.heartbeat.published : null,
    fault: faultIn(reading, moment),
    status: syncStatusIn(desired),
  }
}

/** Why sync cannot write its volume, in the machine's words; null when it can, or when that is unknown. */
export function syncFault(desired: string): string | null {
  return faultIn(heartbeatIn(desired), now())
}

function heartbeatIn(desired: string): HeartbeatReading {
  const path = join(desired, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE)
  return readHeartbeat(() => readRegularFile(path, HEARTBEAT_BYTES))
}

function now(): Moment {
  return { uptime: uptimeSeconds(), bootId: bootId() }
}
