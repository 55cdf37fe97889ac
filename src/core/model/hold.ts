import { hasErrors } from "../../kit/problem.ts"
import { parseVipEntry, type RawEntry } from "../desired/vip-entry.ts"
import { resolveEntry } from "../desired/resolve.ts"
import type { ServiceObjects } from "../objects/kinds.ts"
import type { VipModel } from "./keepalived-model.ts"
import { type VipContext, vipModelOf } from "./vip-model.ts"

/** The form in which an entry last worked: as it was written, and as it was applied. */
export interface LastGood {
  readonly text: string
  readonly vip: VipModel
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
): VipModel {
  if (context.refused) return lastGood.vip
  const parsed = parseVipEntry({ ...raw, text: lastGood.text })
  if (parsed.value === null) return lastGood.vip
  const resolved = resolveEntry(parsed.value, null, context.services)
  const built = vipModelOf(resolved.value, null, context)
  return hasErrors([...resolved.problems, ...built.problems]) ? lastGood.vip : built.value
}
