import * as z from "zod"

import { schemaField, sequenceField } from "./fields.ts"
import { SCHEMA } from "./layout.ts"
import { sha256Of } from "./sha256.ts"

/** Below desired/, in a directory of its own: its writes must not wake whoever watches for generations. */
export const HEARTBEAT_DIRECTORY = "beat"
export const HEARTBEAT_FILE = "heartbeat"
/** Always so long: it is overwritten in place, which works on a full disk too. */
export const HEARTBEAT_BYTES = 512
/** Seconds between two beats, and after how many the writer counts as silent. */
export const BEAT_SECONDS = 2
export const SILENT_SECONDS = 15

/**
 * `desired/beat/heartbeat`: evidence that sync lives, and when what it knows was last known to be true. A stamp that a timer
 * alone renews would prove nothing, so each time is that of something that happened.
 *
 * Times are seconds since boot (`/proc/uptime`), one clock for all containers of a node, which nobody sets.
 */
export interface Heartbeat {
  /** Of the boot that the times count from; those of another boot mean nothing. */
  readonly bootId: string
  readonly pid: number
  readonly beat: number
  /** When the source was last read whole; null: not yet. */
  readonly sourceRead: number | null
  /** Sequence of the generation that `current.json` names; null for none. */
  readonly published: number | null
}

export const heartbeatSchema = z.object({
  schema: schemaField,
  bootId: z.string().max(64),
  pid: z.int().min(1),
  beat: z.number().min(0),
  sourceRead: z.number().min(0).nullable(),
  published: sequenceField.nullable(),
})

const CHECK_DIGITS = 16
const ROOM = HEARTBEAT_BYTES - CHECK_DIGITS - 2

/** Exactly HEARTBEAT_BYTES: one line of JSON, padded; the first 16 hex digits of its sha256; a line end. */
export function encodeHeartbeat({ bootId, pid, beat, sourceRead, published }: Heartbeat): string {
  const json = JSON.stringify({ schema: SCHEMA, bootId, pid, beat, sourceRead, published })
  return `${json.padEnd(ROOM)} ${checkOf(json)}\n`
}

/** @returns null for a text that is not whole: it was read while it was written, and reads well a moment later. */
export function decodeHeartbeat(text: string): Heartbeat | null {
  if (text.length !== HEARTBEAT_BYTES) return null
  const json = text.slice(0, ROOM).trimEnd()
  if (text.slice(ROOM + 1, -1) !== checkOf(json)) return null
  const parsed = heartbeatSchema.safeParse(JSON.parse(json))
  if (!parsed.success) return null
  const { bootId, pid, beat, sourceRead, published } = parsed.data
  return { bootId, pid, beat, sourceRead, published }
}

/**
 * Seconds since the last beat; null where that cannot be told, as after a reboot.
 *
 * @param now seconds since the boot `bootId`.
 */
export function heartbeatAge(heartbeat: Heartbeat | null, now: number, bootId: string): number | null {
  return heartbeat === null || heartbeat.bootId !== bootId ? null : Math.max(0, now - heartbeat.beat)
}

function checkOf(json: string): string {
  return sha256Of(json).slice(0, CHECK_DIGITS)
}
