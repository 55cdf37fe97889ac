import type { Age } from "../../../contract/heartbeat.ts"

/** `1 entry`, `2 entries`. @param many The plural, if it is not the noun and `s`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** `a`, `a and b`, `a, b and c`; after `most` of them `and 7 more`. */
export function listed(words: readonly string[], most = 3): string {
  if (words.length > most) return `${words.slice(0, most).join(", ")} and ${words.length - most} more`
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`
}

/** At most this number of characters; the end of a longer text becomes `…`. */
export function clipped(text: string, most: number): string {
  if (text.length <= most) return text
  // Not half of a character.
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`
}

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const

/** The two largest units: `3 d 4 h`, `12 min 5 s`, `0 s`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const at = UNITS.findIndex(([, length]) => whole >= length)
  const [unit, length] = UNITS[at] ?? ["s", 1]
  const [next, part] = UNITS[at + 1] ?? ["", 0]
  const rest = part === 0 ? 0 : Math.floor((whole % length) / part)
  return `${Math.floor(whole / length)} ${unit}${rest === 0 ? "" : ` ${rest} ${next}`}`
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
