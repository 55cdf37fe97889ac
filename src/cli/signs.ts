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
} from "../contract/heartbeat.ts"
import type { AgentSigns, SyncSigns } from "../contract/well.ts"
import { readRegularFile } from "../kit/safe-read.ts"
import { bootId, uptimeSeconds } from "../kit/uptime.ts"

/** What the volume of a sidecar tells of its life. */
export function agentSignsIn(applied: string): AgentSigns {
  const reading = heartbeatIn(applied)
  const moment = now()
  return {
    silence: heartbeatAge(reading, moment),
    lookAge: lookAgeOf(reading, moment),
    fault: faultIn(reading, moment),
  }
}

/** What the volume of sync tells of its life; null where there is no such volume. */
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

/** Read after the heartbeat: a fresh beat would be ahead of an earlier moment. */
function now(): Moment {
  return { uptime: uptimeSeconds(), bootId: bootId() }
}
