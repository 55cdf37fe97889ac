import { join } from "node:path"
import {
  type Age,
  HEARTBEAT_BYTES,
  HEARTBEAT_DIRECTORY,
  HEARTBEAT_FILE,
  heartbeatAge,
  type HeartbeatReading,
  type Moment,
  readHeartbeat,
  sourceAgeOf,
} from "../../contract/heartbeat.ts"
import { readRegularFile } from "../../kit/safe-read.ts"
import { bootId, uptimeSeconds } from "../../kit/uptime.ts"

/** Seconds since sync last showed that it lives, or why that cannot be told. */
export function syncSilence(desired: string): Age {
  const reading = heartbeatIn(desired)
  return heartbeatAge(reading, now())
}

/** Seconds since sync last read its source whole, or why that cannot be told. */
export function sourceAge(desired: string): Age {
  const reading = heartbeatIn(desired)
  return sourceAgeOf(reading, now())
}

/** Why sync cannot write its volume, in the machine's words; null where it can, or where nobody knows. */
export function syncFault(desired: string): string | null {
  const reading = heartbeatIn(desired)
  return reading.kind === "heartbeat" && reading.heartbeat.bootId === bootId() ? reading.heartbeat.fault : null
}

function heartbeatIn(desired: string): HeartbeatReading {
  const path = join(desired, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE)
  return readHeartbeat(() => readRegularFile(path, HEARTBEAT_BYTES))
}

function now(): Moment {
  return { uptime: uptimeSeconds(), bootId: bootId() }
}
