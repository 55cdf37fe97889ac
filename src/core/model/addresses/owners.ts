import { quoted } from "../../../kit/text/quoted.ts"
import { type Declaration, sourceText } from "../../declare/declaration.ts"
import { placeText } from "../../../kit/problem.ts"
import type { EntryOutcome } from "../types.ts"

/**
 * Gives each address to the first entry that can run, in the order of the ConfigMaps. An entry that cannot run does not take
 * the address from a later one that can.
 */
export function withOwners(entries: readonly EntryOutcome[]): readonly EntryOutcome[] {
  const owners = new Map<string, Declaration>()
  return entries.map((entry) => {
    if (entry.vip === null) return entry
    const owner = owners.get(entry.vip.address)
    if (owner !== undefined) return withoutAddress(entry, entry.vip.address, owner)
    owners.set(entry.vip.address, entry.declaration)
    return entry
  })
}

function withoutAddress(entry: EntryOutcome, address: string, owner: Declaration): EntryOutcome {
  const { declaration, problems } = entry
  const where = owner.place === null ? "" : ` (${placeText(owner.place)})`
  const message =
    `Cannot announce ${address} for ${sourceText(declaration.source)}: entry ${quoted(owner.name)} of ` +
    `${sourceText(owner.source)}${where} has this address, and its ConfigMap comes first in --services-configmap; ` +
    "remove one of the two entries, or choose another address"
  const problem = { code: "ADDRESS_DECLARED_TWICE", severity: "error", message } as const
  const { path, place } = declaration
  return { ...entry, state: "left-out", vip: null, problems: [...problems, { ...problem, path, place }] }
}
