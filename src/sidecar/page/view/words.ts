import type { Age } from "../../../contract/heartbeat.ts"
import { span } from "../../../kit/text/span.ts"

/** Maximum names in a sentence. */
export const MOST_NAMES = 3

/** At most this number of characters; the end of a longer text becomes `…`. */
export function clipped(text: string, most: number): string {
  if (text.length <= most) return text
  // Not half of a character.
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`
}

/** The two largest units: `3 d 4 h`, `12 min 5 s`, `0 s`. */
export function durationText(seconds: number): string {
  return span(seconds * 1_000)
}

/** `2 s ago`, or `unknown: why`. */
export function agoText(age: Age): string {
  return age.kind === "age" ? `${durationText(age.seconds)} ago` : `unknown: ${age.why}`
}

/** How long ago a date was; null if one of the dates is not valid. A date in the future counts as now: clocks of nodes differ. */
export function secondsSince(since: string | null, now: string): number | null {
  const seconds = since === null ? Number.NaN : (Date.parse(now) - Date.parse(since)) / 1_000
  return Number.isNaN(seconds) ? null : Math.max(0, seconds)
}

/** `2026-11-22 23:00:00`, UTC. */
export function dateText(time: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.exec(time)?.[0].replace("T", " ") ?? time
}
