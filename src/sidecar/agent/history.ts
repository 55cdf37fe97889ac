import type { BuiltModel } from "../../core/model/types.ts"
import { declarationOf, vipIdOf } from "../../core/declare/declaration.ts"
import { type LastGood, type LastGoodEntry, orphansIn } from "../../core/model/last-good.ts"
import {
  addressesOf,
  type KeepalivedModel,
  type VipModel,
  vipsOf,
  type VirtualServer,
  virtualServerKey,
} from "../../core/model/keepalived-model.ts"
import { nodeAddressOf } from "../../core/model/addresses/own-nodes.ts"
import type { DrainingServer, DrainingVip } from "../../core/model/vip-model.ts"
import type { Node } from "../../core/objects/kinds.ts"
import { isSameSet } from "../../kit/same-set.ts"
import type { RecordedPast } from "../volume/applied-record.ts"

/** What the agent remembers of the configurations that it applied: inputs of the next model. */
export interface AppliedHistory {
  /** The form in which each VIP last worked. */
  readonly lastGood: LastGood
  /** VIP -> its recent real servers. */
  readonly recent: ReadonlyMap<string, RecentVip>
  /** What ran last, and what was known of addresses then. */
  readonly past: RecordedPast
}

export const NO_PAST: RecordedPast = { model: null, nodeCount: 0, announced: new Set(), nodes: new Map() }

/** A VIP's real servers that take connections, or did so within the drain time. */
export interface RecentVip {
  /** The model that this was made from; an unchanged VIP is not processed again. */
  readonly vip: VipModel | null
  readonly draining: DrainingVip
  /** Virtual server key -> `address:port` -> end of the drain, in ms; absent for a server that still takes connections. */
  readonly deadlines: ReadonlyMap<string, ReadonlyMap<string, number>>
}

export const NO_HISTORY: AppliedHistory = { lastGood: new Map(), recent: new Map(), past: NO_PAST }

/**
 * The history after a model came into effect: every good entry in the form that works now, and every real server that
 * takes connections, so that one that disappears can finish them first.
 *
 * @param now,drainTime Milliseconds.
 */
export function afterApplied(
  history: AppliedHistory,
  applied: { readonly built: BuiltModel; readonly model: KeepalivedModel },
  time: { readonly now: number; readonly drainTime: number },
): AppliedHistory {
  const lastGood = lastGoodAfter(history.lastGood, applied.built.entries)
  const recent = new Map<string, RecentVip>()
  for (const vip of vipsOf(applied.model)) {
    const before = history.recent.get(vip.address)
    recent.set(vip.address, before !== undefined && before.vip === vip ? before : recentOf(vip, before, time))
  }
  return { lastGood, recent, past: pastAfter(history.past, applied) }
}

function lastGoodAfter(before: LastGood, entries: BuiltModel["entries"]): LastGood {
  const lastGood = new Map<string, LastGoodEntry>()
  const orphans = orphansIn(before, new Set(entries.map(({ declaration }) => declaration.id)))
  for (const { declaration, address, state, text, vip } of entries) {
    if (address === null) continue
    const id = vipIdOf(declaration.id, address)
    const known = before.get(id) ?? (state === "held" ? orphans.get(address) : undefined)
    if (state === "good" && vip !== null)
      lastGood.set(id, known?.vip === vip && known.text === text ? known : { text, vip })
    else if (known !== undefined) lastGood.set(id, known)
  }
  // What a broken entry cannot run now, it may run again before it is mended.
  const broken = new Set(entries.filter(({ state }) => state !== "good").map(({ declaration }) => declaration.id))
  for (const [id, known] of before)
    if (!lastGood.has(id) && broken.has(declarationOf(id, known.vip.address))) lastGood.set(id, known)
  return lastGood
}

function pastAfter(
  past: RecordedPast,
  { built, model }: { readonly built: BuiltModel; readonly model: KeepalivedModel },
): RecordedPast {
  const { nodes, echoes, isRemembered } = built.own
  // A deleted VIP remains ours while a Node lists it: the kubelet looks only from time to time.
  const listed = [...past.announced].filter((address) => echoes.has(address))
  const announced = new Set([...addressesOf(model), ...listed])
  const known = new Map(nodes.flatMap(({ object }) => knownNode(object)))
  return {
    model,
    nodeCount: isRemembered ? 0 : nodes.length,
    announced: isSameSet(announced, past.announced) ? past.announced : announced,
    nodes: nodes.length === 0 || isSameMap(known, past.nodes) ? past.nodes : known,
  }
}

/** The same for a model that is about to run: a Node may list one of its VIPs from now on. */
export function announcing(history: AppliedHistory, model: KeepalivedModel): AppliedHistory {
  const { past } = history
  const announced = new Set([...past.announced, ...addressesOf(model)])
  return announced.size === past.announced.size ? history : { ...history, past: { ...past, announced } }
}

function knownNode(node: Node): readonly (readonly [name: string, address: string])[] {
  const address = nodeAddressOf(node)
  return address === null ? [] : [[node.metadata.name, address]]
}

function isSameMap(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}

/**
 * What an agent remembers of a configuration that it did not bring into effect itself: entries, and the real servers of
 * its model. Draining servers may still have connections, so they get the whole drain time again.
 *
 * @param now,drainTime Milliseconds.
 */
export function recalled(
  { lastGood, past }: Pick<AppliedHistory, "lastGood" | "past">,
  model: KeepalivedModel,
  time: { readonly now: number; readonly drainTime: number },
): AppliedHistory {
  const recent = new Map<string, RecentVip>()
  for (const vip of vipsOf(model)) {
    const earlier = recentOf({ ...vip, virtualServers: vip.virtualServers.map(asBeforeDraining) }, undefined, time)
    recent.set(vip.address, recentOf(vip, earlier, time))
  }
  return { lastGood, recent, past: announcing({ lastGood, recent, past: { ...past, model } }, model).past }
}

function asBeforeDraining(server: VirtualServer): VirtualServer {
  return { ...server, realServers: server.realServers.map((real) => ({ ...real, draining: false })) }
}

/** Forgets the real servers whose drain time is over. Returns the same object when there are none. */
export function afterWaiting(history: AppliedHistory, now: number): AppliedHistory {
  const due = [...history.recent].filter(([, recent]) => earliest(recent) <= now)
  if (due.length === 0) return history
  const recent = new Map(history.recent)
  for (const [address, one] of due) recent.set(address, withoutExpired(one, now))
  return { ...history, recent }
}

/** End of the next drain, in ms; Infinity when nothing drains. */
export function nextDeadline(history: AppliedHistory): number {
  let next = Number.POSITIVE_INFINITY
  for (const recent of history.recent.values()) next = Math.min(next, earliest(recent))
  return next
}

function earliest(recent: RecentVip): number {
  let next = Number.POSITIVE_INFINITY
  for (const deadlines of recent.deadlines.values())
    for (const deadline of deadlines.values()) next = Math.min(next, deadline)
  return next
}

function recentOf(
  vip: VipModel,
  before: RecentVip | undefined,
  time: { readonly now: number; readonly drainTime: number },
): RecentVip {
  // Without a drain time, the same reload removes the old server and adds its successor.
  if (time.drainTime === 0) return { vip, draining: new Map(), deadlines: new Map() }
  const draining = new Map<string, readonly DrainingServer[]>()
  const deadlines = new Map<string, ReadonlyMap<string, number>>()
  for (const server of vip.virtualServers) {
    const key = virtualServerKey(server)
    const known = before?.draining.get(key) ?? []
    const until = new Map<string, number>()
    const kept: DrainingServer[] = []
    for (const real of server.realServers) {
      const name = `${real.address}:${real.port}`
      const was = known.some((one) => `${one.address}:${one.port}` === name)
      // A server that is new here and already draining has no connections of ours to finish.
      if (real.draining && !was) continue
      kept.push({ address: real.address, port: real.port })
      if (real.draining) until.set(name, before?.deadlines.get(key)?.get(name) ?? deadlineAfter(time))
    }
    draining.set(key, kept)
    deadlines.set(key, until)
  }
  return { vip, draining, deadlines }
}

/** Rounded up to whole steps, so that drains that begin within one step end with one reload. */
function deadlineAfter({ now, drainTime }: { readonly now: number; readonly drainTime: number }): number {
  return drainTime < STEP_MS ? now + drainTime : Math.ceil((now + drainTime) / STEP_MS) * STEP_MS
}

const STEP_MS = 5_000

function withoutExpired(recent: RecentVip, now: number): RecentVip {
  const draining = new Map<string, readonly DrainingServer[]>()
  const deadlines = new Map<string, ReadonlyMap<string, number>>()
  for (const [key, servers] of recent.draining) {
    const until = recent.deadlines.get(key) ?? new Map<string, number>()
    draining.set(
      key,
      servers.filter((one) => (until.get(`${one.address}:${one.port}`) ?? Number.POSITIVE_INFINITY) > now),
    )
    deadlines.set(key, new Map([...until].filter(([, deadline]) => deadline > now)))
  }
  // The model differs from the one this was made from, so that the next applied model is processed again.
  return { vip: null, draining, deadlines }
}
