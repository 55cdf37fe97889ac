import type { VrrpEvent } from "../ports.ts"

/** Reads VRRP's state from the lines of keepalived's log, in their order. */
export interface VrrpReader {
  /** @param lines Complete lines; the reason may be in lines of an earlier call. */
  read(lines: readonly string[]): readonly VrrpEvent[]
}

/** Longest time between the line with a reason and the line with the new state. */
const REASON_MS = 2_000

/** `Sun Nov 22 18:38:37 2026: message`: the time of this machine's time zone. */
const LINE = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d:\d\d:\d\d) (\d{4}): (.*)$/

/**
 * `(vips) Entering MASTER STATE`, `(vips) Entering BACKUP STATE (init)`, `(vips) entering FAULT state (src address not
 * configured)`. Source: keepalived, vrrp/vrrp.c, vrrp_scheduler.c; log lines of 2.2.7 and 2.3.3.
 */
const STATE = /^\([^)]+\):? entering (master|backup|fault) state(?: \((.+)\))?$/i

/** Lines that end a run of VRRP. The last one is a line of the service's finish script. */
const ENDS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^Stopping$/, "keepalived was told to stop"],
  [/^Stopped Keepalived v/, "keepalived ended"],
  [/^VRRP child process\(\d+\) died: Respawning$/, "keepalived's VRRP child process died"],
  [/^keepalived: ended with exit status/, "keepalived ended"],
]

type Found = (match: RegExpExecArray) => string

/** Lines that come before a state and give its reason. */
const REASONS: readonly (readonly [pattern: RegExp, reason: Found])[] = [
  [
    /^Netlink reports (\S+) (down|up)$/,
    ([, name, to]) => `interface "${name}" is ${to === "up" ? "up again" : "down"}`,
  ],
  [
    /^\([^)]+\) Master received advert from (\S+) with higher priority (\d+), ours (\d+)$/,
    ([, peer, theirs, own]) => `${peer} sends adverts of the higher priority ${theirs}; this node has ${own}`,
  ],
  [/^\([^)]+\) Master received advert from (\S+) with (.*)$/, ([, peer, what]) => `${peer} sends adverts with ${what}`],
  [/^bind unicast_src (\S+) failed/, ([, source]) => `the unicast source address ${source} is not on this node`],
  [/^\([^)]+\):? (.*address.*(?:removed|deleted).*)$/i, ([, what = ""]) => `keepalived says: ${what}`],
]

/** A line after the state that has a better reason than the line before it. */
const DELETED = /^Interface (\S+) deleted$/

interface Reason {
  readonly text: string
  readonly at: number | null
}

export function createVrrpReader(): VrrpReader {
  let reason: Reason | null = null
  let state: VrrpEvent["state"] | null = null
  const eventOf = (text: string, at: number | null): VrrpEvent | null => {
    const entered = STATE.exec(text)
    if (entered !== null) {
      state = STATES[(entered[1] ?? "").toLowerCase()] ?? "unknown"
      const given = reason !== null && isClose(reason.at, at) ? reason.text : null
      reason = null
      return { state, at, reason: given ?? wordsOf(entered[2]) }
    }
    const end = ENDS.find(([pattern]) => pattern.test(text))
    if (end !== undefined) {
      // Lines after an end repeat it.
      if (state === "unknown") return null
      state = "unknown"
      return { state, at, reason: end[1] }
    }
    const deleted = DELETED.exec(text)
    if (deleted !== null && state === "fault") return { state, at, reason: `interface "${deleted[1]}" was deleted` }
    for (const [pattern, say] of REASONS) {
      const match = pattern.exec(text)
      if (match !== null) reason = { text: say(match), at }
      if (match !== null) break
    }
    return null
  }
  return {
    read: (lines) =>
      lines.flatMap((line) => {
        const { text, at } = split(line)
        return eventOf(text, at) ?? []
      }),
  }
}

const STATES: Readonly<Record<string, VrrpEvent["state"]>> = { master: "master", backup: "backup", fault: "fault" }

function wordsOf(words: string | undefined): string | null {
  if (words === undefined) return null
  return words === "init" ? "keepalived has started" : `keepalived says: ${words}`
}

function isClose(a: number | null, b: number | null): boolean {
  return a === null || b === null || Math.abs(b - a) <= REASON_MS
}

function split(line: string): { readonly text: string; readonly at: number | null } {
  const [, month, day, time, year, text] = LINE.exec(line) ?? []
  if (text === undefined) return { text: line, at: null }
  const at = Date.parse(`${month} ${day} ${year} ${time}`)
  return { text, at: Number.isNaN(at) ? null : at }
}
