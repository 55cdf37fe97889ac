import { memo } from "../../kit/memo.ts"
import { hasErrors } from "../../kit/problem.ts"
import { inAddressOrder } from "../address/order.ts"
import { type DeclarationId, serviceNames } from "../declare/declaration.ts"
import type { RawEntry } from "../declare/entries.ts"
import { parseEntry } from "../declare/parse-entry.ts"
import { resolve } from "../desired/resolve.ts"
import type { ServiceObjects } from "../objects/kinds.ts"
import type { VipModel } from "./keepalived-model.ts"
import { type VipContext, vipModelOf, waitingOf } from "./vip-model.ts"

/** The last working form of a VIP of an entry: the entry as written, and the VIP as applied. */
export interface LastGoodEntry {
  readonly text: string
  readonly vip: VipModel
}

/** The last working forms by vipIdOf(). */
export type LastGood = ReadonlyMap<string, LastGoodEntry>

/** The last working forms of an entry, by the id of its declaration, in the order of the addresses. */
export const lastGoodOf = memo((lastGood: LastGood): ReadonlyMap<DeclarationId, readonly LastGoodEntry[]> =>
  Map.groupBy(
    inAddressOrder([...lastGood.values()].map((one) => ({ ...one, address: one.vip.address }))),
    ({ vip }) => vip.id,
  ),
)

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
  if (context.refused) return asItWas(lastGood)
  const parsed = parseEntry({ ...raw, text: lastGood.text })
  if (hasErrors(parsed.problems)) return asItWas(lastGood)
  const resolved = resolve(parsed.value, context.services)
  const desired = resolved.value.find(({ address }) => address === lastGood.vip.address)
  if (desired === undefined) return asItWas(lastGood)
  const built = vipModelOf(desired, context)
  if (hasErrors([...resolved.problems, ...built.problems])) return asItWas(lastGood)
  return { vip: built.value, services: serviceNames(parsed.value), waiting: waitingOf(desired, built.value) }
}

/** The last applied form of an entry, regardless of its Services. */
export function asItWas({ vip }: LastGoodEntry): HeldForm {
  return { vip, services: [...new Set(vip.virtualServers.map(({ service }) => service))], waiting: [] }
}
