import * as z from "zod"

import { decodeJson } from "./decode.ts"
import { schemaField, sequenceField } from "./fields.ts"
import { SCHEMA } from "./layout.ts"
import { sha256Of } from "../kit/sha256.ts"

/** Below desired/, in a directory of its own: its writes must not wake whoever watches for generations. */
export const HEARTBEAT_DIRECTORY = "beat"
export const HEARTBEAT_FILE = "heartbeat"
/** Always so long: it is overwritten in place, which works on a full disk too. */
export const HEARTBEAT_BYTES = 512
/** Seconds between two beats, and after how many the writer counts as silent. */
export const BEAT_SECONDS = 2
export const SILENT_SECONDS = 15

/**
 * `desired/beat/heartbeat`: evidence that sync lives, and when what it knows was last known to be true; `applied/beat/heartbeat`:
 * the same of the sidecar, without which the last status of a dead one would be believed for ever. A stamp that a timer
 * alone renews would prove nothing, so each time is that of something that happened.
 *
 * Times are seconds since boot (`/proc/uptime`), one clock for all containers of a node, which nobody sets.
 */
export interface Heartbeat {
  /** Of the boot that the times count from; those of another boot mean nothing. */
  readonly bootId: string
  readonly pid: number
  readonly beat: number
  /** When the source was last read whole; null: not yet. Of the sidecar: when it last looked after keepalived to the end. */
  readonly sourceRead: number | null
  /** Sequence of the generation that `current.json` names; null for none. Of the sidecar: of the one in effect. */
  readonly published: number | null
  /**
   * Why the newest input could not be written, in the machine's words, such as `ENOSPC: no space left on device, write`; null
   * where it could. Here as well as in `status.yaml`, since this file can be written where that cannot.
   */
  readonly fault: string | null
}

/** Maximum length of `fault`, so that the record has room for it whatever JSON makes of its characters. */
export const LONGEST_FAULT = 120

export const heartbeatSchema = z.object({
  schema: schemaField,
  bootId: z.string().max(64),
  pid: z.int().min(1),
  beat: z.number().min(0),
  sourceRead: z.number().min(0).nullable(),
  published: sequenceField.nullable(),
  fault: z.string().max(LONGEST_FAULT).nullable(),
})

/** Difference between a beat and the reader's clock that rounding explains, in seconds: one tick of /proc/uptime. */
const CLOCK_STEP_SECONDS = 0.02

const CHECK_DIGITS = 16
const ROOM = HEARTBEAT_BYTES - CHECK_DIGITS - 2

/** Exactly HEARTBEAT_BYTES: one line of JSON, padded; the first 16 hex digits of its sha256; a line end. */
export function encodeHeartbeat({ bootId, pid, beat, sourceRead, published, ...rest }: Heartbeat): string {
  // A byte a character: the record has always the same length.
  const fault = rest.fault?.replaceAll(/[^ -~]/g, "?").replaceAll(/["\\]/g, "'") ?? null
  const json = JSON.stringify({ schema: SCHEMA, bootId, pid, beat, sourceRead, published, fault })
  return `${json.padEnd(ROOM)} ${checkOf(json)}\n`
}

/** What a heartbeat says, or why nothing can be told from it. */
export type HeartbeatReading =
  { readonly kind: "heartbeat"; readonly heartbeat: Heartbeat } | { readonly kind: "unknown"; readonly why: string }

/** How long ago something happened, or why that cannot be told. What is unknown is never well, and never "0 s ago". */
export type Age =
  { readonly kind: "age"; readonly seconds: number } | { readonly kind: "unknown"; readonly why: string }

/** What is found in the place of the file; `kit/safe-read.ts` gives it. */
type FoundFile =
  | { readonly kind: "file"; readonly bytes: Buffer }
  | { readonly kind: "absent" }
  | { readonly kind: "unsafe"; readonly reason: string }

/** Reads a heartbeat with `read`, whatever is in its place: a fault of the disk is one more reason why nothing is known. */
export function readHeartbeat(read: () => FoundFile): HeartbeatReading {
  try {
    const found = read()
    if (found.kind === "absent") return unknown("there is no heartbeat file")
    return found.kind === "unsafe" ? unknown(found.reason) : decodeHeartbeat(found.bytes.toString("latin1"))
  } catch (error) {
    return unknown(error instanceof Error ? error.message : "the file cannot be read")
  }
}

/** Reads the text of a heartbeat, whoever wrote it; never throws. One that is read while it is written is `unknown` for a moment. */
export function decodeHeartbeat(text: string): HeartbeatReading {
  if (text === "") return unknown("the heartbeat file is empty")
  if (text.length !== HEARTBEAT_BYTES)
    return unknown(`the heartbeat file has ${text.length} bytes (expected ${HEARTBEAT_BYTES})`)
  const json = text.slice(0, ROOM).trimEnd()
  if (text.slice(ROOM + 1, -1) !== checkOf(json)) return unknown("the heartbeat's checksum is not that of its content")
  const decoded = decodeJson(HEARTBEAT_FILE, heartbeatSchema, json)
  switch (decoded.kind) {
    case "unknown-schema":
      return unknown(`the heartbeat has schema ${decoded.schema} (expected ${SCHEMA}); update the older container`)
    case "problems":
      return unknown(decoded.problems.map(({ message }) => message).join("; "))
    case "value": {
      const { bootId, pid, beat, sourceRead, published, fault } = decoded.value
      return { kind: "heartbeat", heartbeat: { bootId, pid, beat, sourceRead, published, fault } }
    }
  }
}

/** This moment, on the clock that heartbeats use. Read it after the heartbeat, else a fresh beat is ahead of it. */
export interface Moment {
  /** Seconds since the boot `bootId`. */
  readonly uptime: number
  readonly bootId: string
}

/** Seconds since the last beat. */
export function heartbeatAge(reading: HeartbeatReading, moment: Moment): Age {
  return ageOf(reading, moment, { what: "the last beat", when: ({ beat }) => beat, never: "there was no beat yet" })
}

/** Seconds since the source was last known whole: how old the knowledge is. */
export function sourceAgeOf(reading: HeartbeatReading, moment: Moment): Age {
  const never = "the source has not been read whole yet"
  return ageOf(reading, moment, { what: "the last reading of the source", when: ({ sourceRead }) => sourceRead, never })
}

/** The fault that a heartbeat of this boot tells; null where there is none, or nobody knows. */
export function faultIn(reading: HeartbeatReading, { bootId }: Moment): string | null {
  return reading.kind === "heartbeat" && reading.heartbeat.bootId === bootId ? reading.heartbeat.fault : null
}

/** Seconds since the sidecar last looked after keepalived to the end: what it says is of then. */
export function lookAgeOf(reading: HeartbeatReading, moment: Moment): Age {
  const never = "it has not done so yet"
  return ageOf(reading, moment, { what: "the last look", when: ({ sourceRead }) => sourceRead, never })
}

interface Event {
  readonly what: string
  readonly when: (heartbeat: Heartbeat) => number | null
  readonly never: string
}

function ageOf(reading: HeartbeatReading, { uptime, bootId }: Moment, { what, when, never }: Event): Age {
  if (reading.kind === "unknown") return reading
  const { heartbeat } = reading
  if (heartbeat.bootId !== bootId) return unknown("the heartbeat is of another boot of this machine")
  const at = when(heartbeat)
  if (at === null) return unknown(never)
  const seconds = uptime - at
  if (!Number.isFinite(seconds)) return unknown("this machine does not say how long it has been up")
  if (seconds < -CLOCK_STEP_SECONDS) return unknown(`${what} is ${(-seconds).toFixed(1)} s in the future`)
  return { kind: "age", seconds: Math.max(0, seconds) }
}

function unknown(why: string): { readonly kind: "unknown"; readonly why: string } {
  return { kind: "unknown", why }
}

function checkOf(json: string): string {
  return sha256Of(json).slice(0, CHECK_DIGITS)
}
