import { hasErrors } from "../../kit/problem.ts"
import { parseVipEntry, type RawEntry } from "../desired/vip-entry.ts"
import { resolveEntry } from "../desired/resolve.ts"
import type { ServiceObjects } from "../objects/kinds.ts"
import type { VipModel } from "./keepalived-model.ts"
import { type VipContext, vipModelOf, waitingOf } from "./vip-model.ts"

/** The form in which an entry last worked: as it was written, and as it was applied. */
export interface LastGood {
  readonly text: string
  readonly vip: VipModel
}

/** What runs of a broken entry, the Services that it is made of, and what of it has no endpoint now. */
export interface HeldForm {
  readonly vip: VipModel
  readonly services: readonly string[]
  readonly waiting: readonly string[]
}

/**
 * What runs of a broken entry: what it last said, with today's pods. Where that no longer holds together either (its
 * Service is gone, say), the VIP exactly as it was last applied.
 */
export function heldForm(
  raw: RawEntry,
  lastGood: LastGood,
  context: VipContext & {
    readonly services: ReadonlyMap<string, ServiceObjects>
    /** True when keepalived itself refused the entry: then only what it once took is safe. */
    readonly refused: boolean
  },
): HeldForm {
  if (context.refused) return asItWas(lastGood)
  const parsed = parseVipEntry({ ...raw, text: lastGood.text })
  if (parsed.value === null) return asItWas(lastGood)
  const resolved = resolveEntry(parsed.value, null, context.services)
  const built = vipModelOf(resolved.value, null, context)
  if (hasErrors([...resolved.problems, ...built.problems])) return asItWas(lastGood)
  const services = parsed.value.targets.map(({ namespace, name }) => `${namespace}/${name}`)
  return { vip: built.value, services, waiting: waitingOf(resolved.value, built.value) }
}

/** The form in which an entry was last applied, whatever became of its Services. */
export function asItWas({ vip }: LastGood): HeldForm {
  return { vip, services: [...new Set(vip.virtualServers.map(({ service }) => service))], waiting: [] }
}
