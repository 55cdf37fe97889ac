import * as z from "zod"

import { decodeJson } from "./decode-file.ts"
import { type Read, schemaField, sequenceField } from "./fields.ts"
import { SCHEMA } from "./layout.ts"
import { sha256Of } from "../kit/sha256.ts"

/** Below desired/, in its own directory: its writes must not wake programs that watch for generations. */
export const HEARTBEAT_DIRECTORY = "beat"
export const HEARTBEAT_FILE = "heartbeat"
/** Fixed size in bytes: the file is overwritten in place, which also works on a full disk. */
export const HEARTBEAT_BYTES = 512
/** Seconds between two beats, and seconds without a beat after which the writer counts as silent. */
export const BEAT_SECONDS = 2
export const SILENT_SECONDS = 15

/** Maximum length of `fault`, so that it fits into the record after JSON has escaped it. */
export const LONGEST_FAULT = 120

/**
 * `desired/beat/heartbeat` shows that sync is alive, and when sync last confirmed what it knows. `applied/beat/heartbeat` shows
 * the same for the sidecar; without it, readers would trust the last status of a dead sidecar for ever. A time stamp that only
 * a timer renews would prove nothing, so each time here is the time of a real event.
 *
 * Times are seconds since boot (`/proc/uptime`). All containers of a node share this clock, and no program can set it.
 */
export type Heartbeat = Read<typeof heartbeatSchema>
export const heartbeatSchema = z.object({
  schema: schemaField,
  /** The boot from which the times count; times of another boot have no meaning. */
  bootId: z.string().max(64),
  pid: z.int().min(1),
  beat: z.number().min(0),
  /** When sync last read its source completely; null: not yet. For the sidecar: when it last completed a check of keepalived. */
  sourceRead: z.number().min(0).nullable(),
  /** Sequence of the generation that `current.json` names; null for none. For the sidecar: of the generation in effect. */
  published: sequenceField.nullable(),
  /**
   * Why the newest input could not be written, in the words of the operating system, such as `ENOSPC: no space left on device,
   * write`; null if it was written. `status.yaml` has it too, but this file can be written when `status.yaml` cannot.
   */
  fault: z.string().max(LONGEST_FAULT).nullable(),
})

/** Maximum rounding difference between a beat and the reader's clock, in seconds: one tick of /proc/uptime. */
const CLOCK_STEP_SECONDS = 0.02

const CHECK_DIGITS = 16
const ROOM = HEARTBEAT_BYTES - CHECK_DIGITS - 2

/** Encodes exactly HEARTBEAT_BYTES: one line of JSON, padded; the first 16 hex digits of its sha256; a line feed. */
export function encodeHeartbeat({ bootId, pid, beat, sourceRead, published, ...rest }: Heartbeat): string {
  // One byte per character, so that the record always has the same length.
  const fault = rest.fault?.replaceAll(/[^ -~]/g, "?").replaceAll(/["\\]/g, "'") ?? null
  const json = JSON.stringify({ schema: SCHEMA, bootId, pid, beat, sourceRead, published, fault })
  return `${json.padEnd(ROOM)} ${checkOf(json)}\n`
}

/** The content of a heartbeat, or the reason why it is unknown. */
export type HeartbeatReading =
  { readonly kind: "heartbeat"; readonly heartbeat: Heartbeat } | { readonly kind: "unknown"; readonly why: string }

/** How long ago something happened, or the reason why this is unknown. An unknown age never counts as well, or as "0 s ago". */
export type Age =
  { readonly kind: "age"; readonly seconds: number } | { readonly kind: "unknown"; readonly why: string }

/** Reads the text of a heartbeat; never throws, whatever the text. A heartbeat that is being written is `unknown` for a moment. */
export function decodeHeartbeat(text: string): HeartbeatReading {
  if (text === "") return unknown("the heartbeat file is empty")
  if (text.length !== HEARTBEAT_BYTES)
    return unknown(`the heartbeat file has ${text.length} bytes (expected ${HEARTBEAT_BYTES})`)
  const json = text.slice(0, ROOM).trimEnd()
  if (text.slice(ROOM + 1, -1) !== checkOf(json)) return unknown("the heartbeat's checksum does not match its content")
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
  return ageOf(reading, moment, {
    what: "the last beat",
    when: ({ beat }) => beat,
    never: "there has been no beat yet",
  })
}

/** Seconds since sync last read its source completely. */
export function sourceAgeOf(reading: HeartbeatReading, moment: Moment): Age {
  const never = "sync has not read its source completely yet"
  return ageOf(reading, moment, { what: "the last reading of the source", when: ({ sourceRead }) => sourceRead, never })
}

/** The fault in a heartbeat of this boot; null if there is none, or if it is unknown. */
export function faultIn(reading: HeartbeatReading, { bootId }: Moment): string | null {
  return reading.kind === "heartbeat" && reading.heartbeat.bootId === bootId ? reading.heartbeat.fault : null
}

/** Seconds since the sidecar last completed a check of keepalived: its status is that old. */
export function lookAgeOf(reading: HeartbeatReading, moment: Moment): Age {
  const never = "the agent has not completed a check yet"
  return ageOf(reading, moment, { what: "the last check", when: ({ sourceRead }) => sourceRead, never })
}

interface Event {
  readonly what: string
  readonly when: (heartbeat: Heartbeat) => number | null
  readonly never: string
}

function ageOf(reading: HeartbeatReading, { uptime, bootId }: Moment, { what, when, never }: Event): Age {
  if (reading.kind === "unknown") return reading
  const { heartbeat } = reading
  if (heartbeat.bootId !== bootId) return unknown("the heartbeat is from another boot of this machine")
  const at = when(heartbeat)
  if (at === null) return unknown(never)
  const seconds = uptime - at
  if (!Number.isFinite(seconds)) return unknown("this machine does not report its uptime")
  if (seconds < -CLOCK_STEP_SECONDS) return unknown(`${what} is ${(-seconds).toFixed(1)} s in the future`)
  return { kind: "age", seconds: Math.max(0, seconds) }
}

export function unknown(why: string): { readonly kind: "unknown"; readonly why: string } {
  return { kind: "unknown", why }
}

function checkOf(json: string): string {
  return sha256Of(json).slice(0, CHECK_DIGITS)
}
