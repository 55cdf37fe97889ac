import type { BuiltModel } from "../core/model/build-model.ts"
import type { LastGood } from "../core/model/hold.ts"
import {
  type KeepalivedModel,
  type VipModel,
  type VirtualServer,
  virtualServerKey,
} from "../core/model/keepalived-model.ts"
import type { DrainingServer, DrainingVip } from "../core/model/vip-model.ts"

/** What the agent remembers of what it applied: inputs of the next model. */
export interface Memory {
  /** Entry key -> the form in which the entry last worked. */
  readonly lastGood: ReadonlyMap<string, LastGood>
  /** VIP -> the real servers of the last moments. */
  readonly recent: ReadonlyMap<string, RecentVip>
}

/** A VIP's real servers that take connections, or did so within the drain time. */
export interface RecentVip {
  /** The model that this was made from; an unchanged VIP is not looked at again. */
  readonly vip: VipModel | null
  readonly draining: DrainingVip
  /** Virtual server key -> `address:port` -> when it may go; absent for one that still takes connections. Milliseconds. */
  readonly deadlines: ReadonlyMap<string, ReadonlyMap<string, number>>
}

export const NO_MEMORY: Memory = { lastGood: new Map(), recent: new Map() }

/**
 * What to remember after a model came into effect: every good entry in the form that works now, and every real server
 * that takes connections, so that one which disappears can finish them first.
 *
 * @param now,drainTime milliseconds.
 */
export function afterApplied(
  memory: Memory,
  applied: { readonly built: BuiltModel; readonly model: KeepalivedModel },
  time: { readonly now: number; readonly drainTime: number },
): Memory {
  const lastGood = new Map<string, LastGood>()
  for (const entry of applied.built.entries) {
    const before = memory.lastGood.get(entry.key)
    if (entry.state === "good" && entry.vip !== null)
      lastGood.set(
        entry.key,
        before?.vip === entry.vip && before.text === entry.text ? before : { text: entry.text, vip: entry.vip },
      )
    else if (before !== undefined) lastGood.set(entry.key, before)
  }
  const recent = new Map<string, RecentVip>()
  for (const vip of applied.model.vips) {
    const before = memory.recent.get(vip.address)
    recent.set(vip.address, before !== undefined && before.vip === vip ? before : recentOf(vip, before, time))
  }
  return { lastGood, recent }
}

/**
 * What an agent remembers of a configuration that it did not bring into effect itself: entries, and the real servers of
 * its model. Those that were draining may still have connections: they get the whole drain time again.
 *
 * @param now,drainTime milliseconds.
 */
export function recalled(
  { lastGood }: Pick<Memory, "lastGood">,
  model: KeepalivedModel,
  time: { readonly now: number; readonly drainTime: number },
): Memory {
  const recent = new Map<string, RecentVip>()
  for (const vip of model.vips) {
    const earlier = recentOf({ ...vip, virtualServers: vip.virtualServers.map(asBeforeDraining) }, undefined, time)
    recent.set(vip.address, recentOf(vip, earlier, time))
  }
  return { lastGood, recent }
}

function asBeforeDraining(server: VirtualServer): VirtualServer {
  return { ...server, realServers: server.realServers.map((real) => ({ ...real, draining: false })) }
}

/** Forgets the real servers whose drain time is over. Returns the same object when there are none. */
export function afterWaiting(memory: Memory, now: number): Memory {
  const due = [...memory.recent].filter(([, recent]) => earliest(recent) <= now)
  if (due.length === 0) return memory
  const recent = new Map(memory.recent)
  for (const [address, one] of due) recent.set(address, withoutExpired(one, now))
  return { ...memory, recent }
}

/** When the next real server may go; Infinity when none drains. Milliseconds. */
export function nextDeadline(memory: Memory): number {
  let next = Number.POSITIVE_INFINITY
  for (const recent of memory.recent.values()) next = Math.min(next, earliest(recent))
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
  // Without a drain time what is gone goes with the very reload that its successor comes with.
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
      // One that is new here and already on its way out has no connections of ours to finish.
      if (real.draining && !was) continue
      kept.push({ address: real.address, port: real.port })
      if (real.draining) until.set(name, before?.deadlines.get(key)?.get(name) ?? deadlineAfter(time))
    }
    draining.set(key, kept)
    deadlines.set(key, until)
  }
  return { vip, draining, deadlines }
}

/** Rounded up to whole steps, so that what began to drain within one of them goes with one reload. */
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
  // The model is not what this was made from any more, so that the next applied one is looked at again.
  return { vip: null, draining, deadlines }
}
