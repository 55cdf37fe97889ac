import { join } from "node:path"

import {
  type Age,
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
import type { AgentSigns } from "../contract/signs.ts"
import { readRegularFile } from "../kit/files/safe-read.ts"
import { bootId, uptimeSeconds } from "../kit/time/uptime.ts"

/** Signs of life of a sidecar, from its volume. */
export function agentSignsIn(applied: string): AgentSigns {
  const { reading, moment } = heartbeatIn(applied)
  return {
    silence: heartbeatAge(reading, moment),
    lookAge: lookAgeOf(reading, moment),
    fault: faultIn(reading, moment),
  }
}

/** What the heartbeat of sync says. */
export interface SyncBeat {
  /** Time since its last beat. */
  readonly silence: Age
  /** Time since it last read its whole source. */
  readonly sourceAge: Age
  /** Why it cannot write its volume, in the machine's words; null if it can, or if this is unknown. */
  readonly fault: string | null
  /** Sequence of the generation that it published last; null before the first, or if this is unknown. */
  readonly published: number | null
}

/** Reads the heartbeat of sync from its volume. */
export function syncBeatIn(desired: string): SyncBeat {
  const { reading, moment } = heartbeatIn(desired)
  return {
    silence: heartbeatAge(reading, moment),
    sourceAge: sourceAgeOf(reading, moment),
    fault: faultIn(reading, moment),
    published: reading.kind === "heartbeat" ? reading.heartbeat.published : null,
  }
}

function heartbeatIn(volume: string): { readonly reading: HeartbeatReading; readonly moment: Moment } {
  const path = join(volume, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE)
  const reading = readHeartbeat(() => readRegularFile(path, HEARTBEAT_BYTES))
  // Taken after the heartbeat was read, so that a new heartbeat is not later than this time.
  return { reading, moment: { uptime: uptimeSeconds(), bootId: bootId() } }
}
