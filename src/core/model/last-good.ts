import { hasErrors } from "../../kit/problem.ts"
import { serviceNames } from "../declare/declaration.ts"
import type { RawEntry } from "../declare/entries.ts"
import { parseShortForm } from "../declare/short-form.ts"
import { resolve } from "../desired/resolve.ts"
import type { ServiceObjects } from "../objects/kinds.ts"
import type { VipModel } from "./keepalived-model.ts"
import { type VipContext, vipModelOf, waitingOf } from "./vip-model.ts"

/** The last working form of an entry: as written, and as applied. */
export interface LastGoodEntry {
  readonly text: string
  readonly vip: VipModel
}

/** The running form of a broken entry, its Services, and its virtual servers without endpoints. */
export interface HeldForm {
  readonly vip: VipModel
  readonly services: readonly string[]
  readonly waiting: readonly string[]
}

/**
 * The running form of a broken entry: its last good text with the current pods. If that no longer works either, for instance
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
  const parsed = parseShortForm({ ...raw, text: lastGood.text })
  if (hasErrors(parsed.problems)) return asItWas(lastGood)
  const resolved = resolve(parsed.value, context.services)
  const built = vipModelOf(resolved.value, context)
  if (hasErrors([...resolved.problems, ...built.problems])) return asItWas(lastGood)
  return { vip: built.value, services: serviceNames(parsed.value), waiting: waitingOf(resolved.value, built.value) }
}

/** The last applied form of an entry, regardless of its Services. */
export function asItWas({ vip }: LastGoodEntry): HeldForm {
  return { vip, services: [...new Set(vip.virtualServers.map(({ service }) => service))], waiting: [] }
}
