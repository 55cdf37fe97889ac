import type { VrrpEvent } from "../ports.ts"

/** Reads the states of VRRP's instances from the lines of keepalived's log, in their order. */
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
const STATE = /^\(([^)]+)\):? entering (master|backup|fault) state(?: \((.+)\))?$/i

/** Lines that end a run of VRRP. The last one is a line of the service's finish script. */
const ENDS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^Stopping$/, "keepalived was told to stop"],
  [/^Stopped Keepalived v/, "keepalived ended"],
  [/^VRRP child process\(\d+\) died: Respawning$/, "keepalived's VRRP child process died"],
  [/^keepalived: ended with exit status/, "keepalived ended"],
]

/** Lines that come before a state and give its reason; those of one instance begin with its name in brackets. */
const REASONS: readonly (readonly [pattern: RegExp, reason: (words: readonly string[]) => string])[] = [
  [/^Netlink reports (\S+) (down|up)$/, ([name, to]) => `interface "${name}" is ${to === "up" ? "up again" : "down"}`],
  [
    /^\([^)]+\) Master received advert from (\S+) with higher priority (\d+), ours (\d+)$/,
    ([peer, theirs, own]) => `${peer} sends adverts of the higher priority ${theirs}; this node has ${own}`,
  ],
  [/^\([^)]+\) Master received advert from (\S+) with (.*)$/, ([peer, what]) => `${peer} sends adverts with ${what}`],
  [/^bind unicast_src (\S+) failed/, ([source]) => `the unicast source address ${source} is not on this node`],
  [/^\([^)]+\):? (.*address.*(?:removed|deleted).*)$/i, ([what = ""]) => `keepalived says: ${what}`],
]

/** The instance of a line. */
const NAMED = /^\(([^)]+)\)/

/** A line after the state that has a better reason than the line before it. */
const DELETED = /^Interface (\S+) deleted$/

interface Reason {
  readonly text: string
  readonly at: number | null
  /** Place in the log. */
  readonly place: number
}

export function createVrrpReader(): VrrpReader {
  const states = new Map<string, VrrpEvent["state"]>()
  const reasons = createReasons()
  let isEnded = false
  const eventsOf = (text: string, at: number | null): readonly VrrpEvent[] => {
    const [, instance = "", word = "", words] = STATE.exec(text) ?? []
    if (instance !== "") {
      const state = STATES[word.toLowerCase()] ?? "unknown"
      isEnded = false
      states.set(instance, state)
      return [{ instance, state, at, reason: reasons.take(instance, state, at) ?? wordsOf(words) }]
    }
    const end = ENDS.find(([pattern]) => pattern.test(text))
    if (end !== undefined) {
      // Lines after an end repeat it.
      if (isEnded) return []
      isEnded = true
      states.clear()
      return [{ instance: null, state: "unknown", at, reason: end[1] }]
    }
    const deleted = DELETED.exec(text)
    if (deleted === null) {
      reasons.note(text, at)
      return []
    }
    const reason = `interface "${deleted[1]}" was deleted`
    return [...states].flatMap(([instance, state]) => (state === "fault" ? [{ instance, state, at, reason }] : []))
  }
  return {
    read: (lines) =>
      lines.flatMap((line) => {
        const { text, at } = split(line)
        return eventsOf(text, at)
      }),
  }
}

/** The reasons that no state has used yet. One that names no instance, such as a dead link, is for each that takes the same state. */
function createReasons() {
  const own = new Map<string, Reason>()
  let common: (Reason & { readonly usedFor: VrrpEvent["state"] | null }) | null = null
  let place = 0
  return {
    note: (text: string, at: number | null): void => {
      for (const [pattern, say] of REASONS) {
        const match = pattern.exec(text)
        if (match === null) continue
        const reason = { text: say(match.slice(1)), at, place: (place += 1) }
        const instance = NAMED.exec(text)?.[1]
        if (instance === undefined) common = { ...reason, usedFor: null }
        else own.set(instance, reason)
        return
      }
    },
    /** The newest reason for this state of an instance; null for none. */
    take: (instance: string, state: VrrpEvent["state"], at: number | null): string | null => {
      const forAll = common !== null && (common.usedFor ?? state) === state ? [common] : []
      const known = [...forAll, own.get(instance)].filter((reason) => reason !== undefined)
      const [newest] = known.toSorted((a, b) => b.place - a.place)
      own.delete(instance)
      if (common !== null) common = { ...common, usedFor: common.usedFor ?? state }
      return newest !== undefined && isClose(newest.at, at) ? newest.text : null
    },
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
