import { join } from "node:path"
import {
  decodeHeartbeat,
  HEARTBEAT_BYTES,
  HEARTBEAT_DIRECTORY,
  HEARTBEAT_FILE,
  heartbeatAge,
} from "../../contract/heartbeat.ts"
import { readRegularFile } from "../../kit/safe-read.ts"
import { bootId, uptimeSeconds } from "../../kit/uptime.ts"

/** Seconds since sync last showed that it lives; null where that cannot be told. */
export function syncSilence(desired: string): number | null {
  const read = readRegularFile(join(desired, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE), HEARTBEAT_BYTES)
  if (read.kind !== "file") return null
  return heartbeatAge(decodeHeartbeat(read.bytes.toString()), uptimeSeconds(), bootId())
}
