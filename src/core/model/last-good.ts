import { memo } from "../../kit/memo.ts"
import { hasErrors } from "../../kit/problem.ts"
import { inAddressOrder } from "../address/order.ts"
import { type DeclarationId, declarationOf, partsOf, serviceNames } from "../declare/declaration.ts"
import type { RawEntry } from "../declare/entries.ts"
import { parseEntry } from "../declare/parse-entry.ts"
import { resolve } from "../desired/resolve.ts"
import type { ServiceObjects } from "../objects/kinds.ts"
import type { VipModel } from "./keepalived-model.ts"
import { type VipContext, vipModelOf, waitingOf } from "./vip-model.ts"

/**
 * The last working form of a VIP of an entry: the entry as written, and the VIP as applied. `vip.id` is that of the entry then; it
 * differs from that of the entry now if a user has renamed it, and has made a mistake in the same change.
 */
export interface LastGoodEntry {
  readonly text: string
  readonly vip: VipModel
}

/** The last working forms by vipIdOf(). */
export type LastGood = ReadonlyMap<string, LastGoodEntry>

/** The last working forms of an entry, by the id of its declaration, in the order of the addresses. */
export const lastGoodOf = memo((lastGood: LastGood): ReadonlyMap<DeclarationId, readonly LastGoodEntry[]> =>
  Map.groupBy(
    inAddressOrder([...lastGood].map(([key, one]) => ({ ...one, key, address: one.vip.address }))),
    ({ key, address }) => declarationOf(key, address),
  ),
)

/**
 * The last working forms of entries that are gone, by address: what an entry that names such an address, and is broken itself,
 * keeps running.
 *
 * @param ids Those of the current declarations.
 */
export function orphansIn(lastGood: LastGood, ids: ReadonlySet<DeclarationId>): ReadonlyMap<string, LastGoodEntry> {
  const orphans = [...lastGood].filter(([key, { vip }]) => !ids.has(declarationOf(key, vip.address)))
  return new Map(orphans.map(([, one]) => [one.vip.address, one]))
}

/** The running form of a broken entry, its Services, and its virtual servers without endpoints. */
export interface HeldForm {
  readonly vip: VipModel
  readonly services: readonly string[]
  readonly waiting: readonly string[]
}

/**
 * The running form of a VIP of a broken entry: its last good text with the current pods. If that no longer works either, for instance
 * because its Service is gone, the VIP exactly as it was last applied.
 */
export function heldForm(
  raw: RawEntry,
  lastGood: LastGoodEntry,
  context: VipContext & {
    readonly services: ReadonlyMap<string, ServiceObjects>
    /** True when keepalived refused the entry: then only the form that it once accepted is safe. */
    readonly refused: boolean
  },
): HeldForm {
  const asBefore = asItWas(lastGood, raw.id)
  if (context.refused) return asBefore
  const parsed = parseEntry({ ...raw, key: partsOf(lastGood.vip.id).name, text: lastGood.text })
  if (hasErrors(parsed.problems)) return asBefore
  const resolved = resolve(parsed.value, context.services)
  const desired = resolved.value.find(({ address }) => address === lastGood.vip.address)
  if (desired === undefined) return asBefore
  const built = vipModelOf(desired, context)
  if (hasErrors([...resolved.problems, ...built.problems])) return asBefore
  return { vip: built.value, services: serviceNames(parsed.value), waiting: waitingOf(desired, built.value) }
}

/** The last applied form of a VIP, regardless of its Services. @param id The declaration that keeps it. */
export function asItWas({ vip }: LastGoodEntry, id: DeclarationId): HeldForm {
  const own = vip.id === id ? vip : { ...vip, id }
  return { vip: own, services: [...new Set(vip.virtualServers.map(({ service }) => service))], waiting: [] }
}
