import { memo } from "../../kit/memo.ts"
import type { Problem } from "../../kit/problem.ts"
import { inAddressOrder } from "../address/order.ts"
import type { EntryOutcome, OwnInput } from "./types.ts"
import type { ModelCode } from "./problem-codes.ts"
import { finishEntry } from "./finish-entry.ts"
import { nodeAddressesOf } from "./addresses/forbidden.ts"
import type { VipModel } from "./keepalived-model.ts"
import { withOwners } from "./addresses/owners.ts"
import type { ModelSettings } from "./settings.ts"
import { type Lan, lanOf, subnetProblems } from "./addresses/subnets.ts"
import { createEntryWalk, type Walked } from "./walk-entry.ts"

/** The outcomes of all entries. */
export interface Outcomes {
  /** In the order of the ConfigMaps. */
  readonly entries: readonly EntryOutcome[]
  /** The VIPs that run, sorted by address. */
  readonly vips: readonly VipModel[]
  /** Problems of the entries, in their order. */
  readonly problems: readonly Problem<ModelCode>[]
  /** Unreachable nodes with endpoints of an entry. */
  readonly gone: ReadonlySet<string>
}

/**
 * Decides the outcomes of the entries of all ConfigMaps. Walks an entry again only when one of its inputs has changed; the result
 * is the same without this cache.
 */
export function createOutcomes(settings: ModelSettings): (input: OwnInput) => Outcomes {
  const walkEntries = createEntryWalk(settings)
  const warningsOn = createSubnetWarnings()
  return (input) => {
    const walked = walkEntries(input)
    const { own, objects } = input
    const context = {
      settings,
      nodeAddresses: nodeAddressesOf(objects.nodes),
      echoes: own.echoes,
      subnetWarnings: warningsOn(lanOf(input.node, objects.nodes)),
    }
    const entries = withOwners(walked.map((one) => finishEntry(one, input, context)))
    return {
      entries,
      vips: inAddressOrder(entries.flatMap(({ vip }) => (vip === null ? [] : [vip]))),
      problems: entries.flatMap(({ problems }) => problems),
      gone: new Set(walked.flatMap(({ gone }) => gone)),
    }
  }
}

type Warnings = (entry: Walked) => readonly Problem<ModelCode>[]

/** The warnings about the subnets of an entry. Finds them again only for a changed entry, or when the LAN has changed. */
function createSubnetWarnings(): (lan: Lan) => Warnings {
  let last: { readonly lan: string; readonly warnings: Warnings } | null = null
  return (lan) => {
    const text = JSON.stringify(lan)
    if (last?.lan !== text) last = { lan: text, warnings: memo(({ declaration }) => subnetProblems(declaration, lan)) }
    return last.warnings
  }
}
