import { join } from "node:path"

import {
  decodeHeartbeat,
  faultIn,
  HEARTBEAT_BYTES,
  HEARTBEAT_DIRECTORY,
  HEARTBEAT_FILE,
  heartbeatAge,
  type HeartbeatReading,
  lookAgeOf,
  type Moment,
  sourceAgeOf,
  unknown,
} from "../contract/heartbeat.ts"
import type { AgentSigns, SyncSigns } from "../contract/signs.ts"
import { readRegularFile, type SafeRead } from "../kit/files/safe-read.ts"
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

/** What the heartbeat of sync says. Its `published` is null, too, if that is unknown. */
export function syncBeatIn(desired: string): Omit<SyncSigns, "status"> {
  const { reading, moment } = heartbeatIn(desired)
  return {
    silence: heartbeatAge(reading, moment),
    sourceAge: sourceAgeOf(reading, moment),
    fault: faultIn(reading, moment),
    published: reading.kind === "heartbeat" ? reading.heartbeat.published : null,
  }
}

/** Reads a heartbeat with `read`. Never throws: a disk fault, too, gives an `unknown` reading. */
export function readHeartbeat(read: () => SafeRead): HeartbeatReading {
  try {
    const found = read()
    if (found.kind === "absent") return unknown("there is no heartbeat file")
    return found.kind === "unsafe" ? unknown(found.reason) : decodeHeartbeat(found.bytes.toString("latin1"))
  } catch (error) {
    return unknown(error instanceof Error ? error.message : "the file cannot be read")
  }
}

function heartbeatIn(volume: string): { readonly reading: HeartbeatReading; readonly moment: Moment } {
  const path = join(volume, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE)
  const reading = readHeartbeat(() => readRegularFile(path, HEARTBEAT_BYTES))
  // Taken after the heartbeat was read, so that a new heartbeat is not later than this time.
  return { reading, moment: { uptime: uptimeSeconds(), bootId: bootId() } }
}
