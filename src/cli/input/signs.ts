import { existsSync } from "node:fs"
import { join } from "node:path"

import {
  faultIn,
  HEARTBEAT_BYTES,
  HEARTBEAT_DIRECTORY,
  HEARTBEAT_FILE,
  heartbeatAge,
  type HeartbeatReading,
  lookAgeOf,
  type Moment,
  readHeartbeat,
  sourceAgeOf,
} from "../../contract/heartbeat.ts"
import type { AgentSigns, SyncSigns } from "../../contract/signs.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
import { bootId, uptimeSeconds } from "../../kit/time/uptime.ts"

/** Signs of life in the volume of a sidecar. */
export function agentSignsIn(applied: string): AgentSigns {
  const reading = heartbeatIn(applied)
  const moment = now()
  return {
    silence: heartbeatAge(reading, moment),
    lookAge: lookAgeOf(reading, moment),
    fault: faultIn(reading, moment),
  }
}

/** Signs of life in the volume of sync; null if that volume does not exist. */
export function syncAgesIn(desired: string): Pick<SyncSigns, "silence" | "sourceAge" | "fault"> | null {
  if (!existsSync(desired)) return null
  const reading = heartbeatIn(desired)
  const moment = now()
  return {
    silence: heartbeatAge(reading, moment),
    sourceAge: sourceAgeOf(reading, moment),
    fault: faultIn(reading, moment),
  }
}

function heartbeatIn(volume: string): HeartbeatReading {
  const path = join(volume, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE)
  return readHeartbeat(() => readRegularFile(path, HEARTBEAT_BYTES))
}

/** Read after the heartbeat, so that a new heartbeat is not later than this time. */
function now(): Moment {
  return { uptime: uptimeSeconds(), bootId: bootId() }
}
