import type { EntryState } from "../../../contract/entry-state.ts"
import type { StatusVip } from "../../../contract/status.ts"
import { type PageData, type PagePods, podsKey } from "../data.ts"
import { counted, listed } from "../../../kit/text/format.ts"
import { clipped, MOST_NAMES } from "./words.ts"

/** A VIP in words. */
export interface VipRow {
  readonly vip: string
  /** The entry if it has another name, and the object if there are several; empty otherwise. */
  readonly origin: string
  /** Query of its own page. */
  readonly query: string
  readonly state: EntryState
  /** `ok`: as written. `wait`: it may become so by itself. `bad`: a person must act. */
  readonly mood: "ok" | "wait" | "bad"
  readonly services: string
  readonly servers: string
  /** A mark for each pod; a number stands for the pods that have no mark. */
  readonly dots: readonly { readonly mood: VipRow["mood"]; readonly marks: string }[]
  readonly pods: string
  /** Its connections on this node; empty if it forwards nothing. */
  readonly connections: string
  /** Why it is not as written; empty if it is. */
  readonly problem: { readonly code: string; readonly message: string } | null
}

/** Rows of a long list: those from a position on. */
export interface Slice<T> {
  readonly rows: readonly T[]
  readonly total: number
  /** Position of the first row, from 0. */
  readonly from: number
  /** Position of the next slice and of the one before; null for none. */
  readonly next: number | null
  readonly before: number | null
}

const LONGEST = { vip: 64, origin: 80, service: 64, message: 300 } as const
const MOST_MARKS = 10
const MARKS = [
  ["ready", "●", "ok"],
  ["draining", "◐", "wait"],
  ["unreachable", "○", "bad"],
] as const
const NO_PODS: PagePods = { ready: [], draining: [], unreachable: [] }

const MOODS: Readonly<Record<EntryState, VipRow["mood"]>> = {
  ...{ applied: "ok", unserved: "wait", pending: "wait" },
  ...{ held: "bad", partial: "bad", "left-out": "bad" },
}

/** The VIPs that need attention first; otherwise in the order of the status. */
export function vipRowsOf(
  data: PageData,
  { from, most }: { readonly from: number; readonly most: number },
): Slice<VipRow> {
  const { vips } = data.status
  const hasSeveral = new Set(vips.map(({ object }) => object)).size > 1
  const order = ["bad", "wait", "ok"] as const
  const sorted = order.flatMap((mood) => vips.filter(({ state }) => MOODS[state] === mood))
  return sliceOf(sorted, { from, most }, (vip) => rowOf(vip, data, hasSeveral))
}

/** @param row Makes a row; only for the shown ones. */
export function sliceOf<T, Row>(
  all: readonly T[],
  { from, most }: { readonly from: number; readonly most: number },
  row: (one: T) => Row,
): Slice<Row> {
  const first = from < all.length ? from : 0
  const end = first + most
  return {
    rows: all.slice(first, end).map(row),
    ...{ total: all.length, from: first },
    next: end < all.length ? end : null,
    before: first === 0 ? null : Math.max(0, first - most),
  }
}

function rowOf(one: StatusVip, data: PageData, hasSeveral: boolean): VipRow {
  const pods = data.pods.get(podsKey(one)) ?? NO_PODS
  const { vip, object, entry, state, services, virtualServers, problem } = one
  const origin = [...(entry === vip ? [] : [`entry ${entry}`]), ...(hasSeveral ? [object] : [])]
  return {
    vip: clipped(vip, LONGEST.vip),
    origin: clipped(origin.join(", "), LONGEST.origin),
    query: new URLSearchParams({ object, entry, ...(entry === vip ? {} : { vip }) }).toString(),
    ...{ state, mood: MOODS[state] },
    services:
      listed(
        services.map((service) => clipped(service, LONGEST.service)),
        MOST_NAMES,
      ) || "none",
    servers: counted(virtualServers, "virtual server"),
    dots: dotsOf(pods),
    pods: services.length === 0 ? "forwards nothing" : podsText(one, pods),
    connections: virtualServers === 0 ? "" : connectionsText(vip, data),
    problem: problem === null ? null : { code: problem.code, message: clipped(problem.message, LONGEST.message) },
  }
}

/** Those of a virtual server that the kernel does not have are none. */
function connectionsText(vip: string, { connections }: PageData): string {
  if (connections === null) return "connections unknown"
  const { open, perSecond } = connections.get(vip) ?? { open: 0, perSecond: 0 }
  return `${counted(open, "open connection")}, ${perSecond} new a second`
}

function podsText({ readyPods, unserved }: StatusVip, { draining, unreachable }: PagePods): string {
  return [
    `${readyPods} ready`,
    ...(draining.length === 0 ? [] : [`${draining.length} draining`]),
    ...(unreachable.length === 0 ? [] : [`${unreachable.length} on a node that does not answer`]),
    ...(unserved === 0 ? [] : [`${counted(unserved, "port")} without a ready pod`]),
  ].join(", ")
}

function dotsOf(pods: PagePods): VipRow["dots"] {
  let left = MOST_MARKS
  return MARKS.flatMap(([kind, mark, mood]) => {
    const count = Math.min(left, pods[kind].length)
    left -= count
    return count === 0 ? [] : [{ mood, marks: mark.repeat(count) }]
  })
}
