import { join } from "node:path"
import {
  decodeHeartbeat,
  type Heartbeat,
  HEARTBEAT_BYTES,
  HEARTBEAT_DIRECTORY,
  HEARTBEAT_FILE,
  heartbeatAge,
} from "../../contract/heartbeat.ts"
import { readRegularFile } from "../../kit/safe-read.ts"
import { bootId, uptimeSeconds } from "../../kit/uptime.ts"

/** Seconds since sync last showed that it lives; null where that cannot be told. */
export function syncSilence(desired: string): number | null {
  return heartbeatAge(heartbeatIn(desired), uptimeSeconds(), bootId())
}

/** Seconds since sync last read its source whole; null where that cannot be told. */
export function sourceAge(desired: string): number | null {
  const heartbeat = heartbeatIn(desired)
  const read = heartbeat?.sourceRead ?? null
  return heartbeat === null || read === null || heartbeat.bootId !== bootId()
    ? null
    : Math.max(0, uptimeSeconds() - read)
}

function heartbeatIn(desired: string): Heartbeat | null {
  const read = readRegularFile(join(desired, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE), HEARTBEAT_BYTES)
  return read.kind === "file" ? decodeHeartbeat(read.bytes.toString()) : null
}
