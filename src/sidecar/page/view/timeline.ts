import type { VrrpState } from "../../../contract/vrrp.ts"
import type { EventKind, PageData, PageEvent, PageNode } from "../data.ts"
import type { Holder } from "./holders.ts"
import { isCurrent, roleIn } from "./holders.ts"
import { clipped, dateText } from "./words.ts"

/** The last 24 hours: a lane for each node, and marks of what happened on this one. */
export interface Timeline {
  readonly lanes: readonly Lane[]
  readonly marks: readonly MarkLane[]
  /** The newest events, for people who do not see the picture. */
  readonly events: readonly EventRow[]
  /** Why the events are unknown; empty if they are known. */
  readonly fault: string
}

export interface Lane {
  readonly name: string
  /** What the lane shows, in words. */
  readonly title: string
  readonly parts: readonly {
    readonly state: VrrpState
    readonly x: number
    readonly width: number
    readonly y: number
    readonly height: number
  }[]
}

export interface MarkLane {
  readonly name: string
  readonly title: string
  readonly mood: "ok" | "bad"
  /** A path of vertical lines; empty if nothing happened. */
  readonly path: string
}

export interface EventRow {
  readonly time: string
  readonly kind: EventKind
  readonly mood: "ok" | "wait" | "bad" | "quiet"
  readonly what: string
  readonly why: string
  /** Address of the differences to the generation before; empty for none. */
  readonly link: string
}

const HOURS = 24
/** Width of a lane: minutes. */
const WIDTH = HOURS * 60
const MOST_LANES = 9
const MOST_EVENTS = 20
const LONGEST_WHY = 200

/** How high a state's bar is: the states differ in their shape, not only in their colour. */
const BARS: Readonly<Record<VrrpState, { readonly y: number; readonly height: number }>> = {
  master: { y: 0, height: 20 },
  backup: { y: 8, height: 4 },
  fault: { y: 14, height: 6 },
  init: { y: 9, height: 2 },
  unknown: { y: 9, height: 1 },
}

const MOODS: Readonly<Record<EventKind, EventRow["mood"]>> = {
  ...{ role: "quiet", applied: "ok", pin: "wait", drain: "wait", resume: "ok", repair: "wait" },
  ...{ held: "bad", guard: "wait", rejected: "bad", "rolled-back": "bad", stranded: "bad" },
}

const CHANGES: readonly EventKind[] = ["applied", "pin", "drain", "resume"]

export function timelineOf(data: PageData, holders: readonly Holder[], most: number): Timeline {
  const isTrouble = ({ kind }: PageEvent) => kind !== "role" && !CHANGES.includes(kind)
  const isChange = ({ kind }: PageEvent) => CHANGES.includes(kind)
  const hasSeveral = holders.length > 1
  const lanes = holders.flatMap(({ instance }) =>
    data.nodes.list.slice(0, MOST_LANES).map((node) => laneOf(node, { data, instance, hasSeveral })),
  )
  return {
    lanes,
    marks: [
      markLane("changes here", "ok", { data, events: data.events.filter(isChange) }),
      markLane("troubles here", "bad", { data, events: data.events.filter(isTrouble) }),
    ],
    fault:
      data.eventsFault === null
        ? ""
        : clipped(`Cannot read the history of this node: ${data.eventsFault}`, LONGEST_WHY),
    events: data.events.slice(0, Math.min(most, MOST_EVENTS)).map((event) => rowOf(event, data, hasSeveral)),
  }
}

function rowOf({ time, kind, what, why, sequence }: PageEvent, { events }: PageData, hasSeveral: boolean): EventRow {
  const hasBefore = events.some((one) => one.kind === "applied" && sequence !== null && (one.sequence ?? 0) < sequence)
  return {
    ...{ time: `${dateText(time)} UTC`, kind, mood: MOODS[kind] },
    what: clipped(kind === "role" && !hasSeveral ? what.replace(/ of .*$/s, "") : what, LONGEST_WHY),
    why: why === null ? "" : clipped(why, LONGEST_WHY),
    link: kind === "applied" && hasBefore ? `/diff?to=${sequence ?? ""}` : "",
  }
}

interface LaneContext {
  readonly data: PageData
  readonly instance: string
  readonly hasSeveral: boolean
}

/** This node's lane is from its history; of the others only the current state is known, and since when. */
function laneOf(node: PageNode, { data, instance, hasSeveral }: LaneContext): Lane {
  const role = roleIn(node, instance)
  const now = role === null || !isCurrent(node) ? null : { time: role.since ?? data.now, state: role.state }
  const history = node.isSelf ? historyOf(data.events, instance) : []
  const changes = history.length > 0 ? history : now === null ? [] : [now]
  const parts = changes.map(({ time, state }, at) => {
    const x = minuteOf(time, data.now)
    const end = at + 1 < changes.length ? minuteOf(changes[at + 1]?.time ?? data.now, data.now) : WIDTH
    return { state, x, width: Math.max(1, end - x), ...BARS[state] }
  })
  const shown = parts.filter(({ x, width }) => x + width > 0).map((part) => cutAtStart(part))
  const states = shown.map(({ state, width }) => `${state.toUpperCase()} ${(width / 60).toFixed(1)} h`)
  const name = `${clipped(node.name, 24)}${hasSeveral ? ` in ${clipped(instance, 16)}` : ""}`
  const words = states.length > 12 ? [...states.slice(0, 12), "…"] : states
  return { name, parts: shown, title: `${name}: ${words.length === 0 ? "unknown" : words.join(", ")}` }
}

function historyOf(events: readonly PageEvent[], instance: string) {
  return events
    .flatMap(({ time, role }) => (role?.instance === instance ? [{ time, state: role.to }] : []))
    .toReversed()
}

function cutAtStart<T extends { readonly x: number; readonly width: number }>(part: T): T {
  return part.x >= 0 ? part : { ...part, x: 0, width: part.width + part.x }
}

function markLane(
  name: string,
  mood: MarkLane["mood"],
  { data, events }: { readonly data: PageData; readonly events: readonly PageEvent[] },
): MarkLane {
  const minutes = [...new Set(events.map(({ time }) => minuteOf(time, data.now)))].filter((minute) => minute >= 0)
  const title = `${name}: ${minutes.length === 0 ? "none" : minutes.length} in the last ${HOURS} hours`
  return { name, title, mood, path: minutes.map((minute) => `M${minute} 2V18`).join("") }
}

/** Minutes from the start of the timeline; negative before it. */
function minuteOf(time: string, now: string): number {
  const minutes = (Date.parse(time) - Date.parse(now)) / 60_000
  return Number.isNaN(minutes) ? WIDTH : Math.min(WIDTH, Math.round(WIDTH + minutes))
}
