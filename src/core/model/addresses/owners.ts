import { quoted } from "../../../kit/text/quoted.ts"
import { type Declaration, sourceText } from "../../declare/declaration.ts"
import { compare, placeText } from "../../../kit/problem.ts"
import type { EntryOutcome } from "../types.ts"

/**
 * Gives each address to the first entry that can run: in the order of the ConfigMaps, and in one ConfigMap in the order of the
 * keys, because the API server does not keep another order. An entry that cannot run does not take the address from a later one
 * that can, and one that no longer names the address does not take it from one that does.
 */
export function withOwners(entries: readonly EntryOutcome[]): readonly EntryOutcome[] {
  const owners = new Map<string, EntryOutcome>()
  for (const entry of inOrder(entries)) {
    const address = entry.vip?.address
    if (address !== undefined && !owners.has(address)) owners.set(address, entry)
  }
  return entries.flatMap((entry) => {
    const owner = entry.vip === null ? undefined : owners.get(entry.vip.address)
    if (owner === undefined || owner === entry) return entry
    return entry.isGoing === true ? [] : withoutAddress(entry, owner.declaration)
  })
}

/** Sorts a copy only when there is something to sort: entries of one ConfigMap with several addresses are rare. */
function inOrder(entries: readonly EntryOutcome[]): readonly EntryOutcome[] {
  const sources = new Map<string, number>()
  for (const { declaration } of entries) {
    const source = sourceText(declaration.source)
    if (!sources.has(source)) sources.set(source, sources.size)
  }
  const sourceOf = ({ declaration }: EntryOutcome) => sources.get(sourceText(declaration.source)) ?? 0
  return entries.toSorted(
    (a, b) =>
      Number(a.isGoing === true) - Number(b.isGoing === true) ||
      sourceOf(a) - sourceOf(b) ||
      compare(a.declaration.name, b.declaration.name),
  )
}

function withoutAddress(entry: EntryOutcome, owner: Declaration): EntryOutcome {
  const { declaration, address, problems } = entry
  const where = owner.place === null ? "" : ` (${placeText(owner.place)})`
  const isSame = sourceText(owner.source) === sourceText(declaration.source)
  const whose = isSame ? `entry ${quoted(declaration.name)}` : sourceText(declaration.source)
  const first = isSame ? "its key comes first" : "its ConfigMap comes first in --services-configmap"
  const message =
    `Cannot announce ${address} for ${whose}: entry ${quoted(owner.name)} of ` +
    `${sourceText(owner.source)}${where} has this address, and ${first}; ` +
    (isSame
      ? "remove it from one of the two entries, or choose another address"
      : "remove one of the two entries, or choose another address")
  const problem = { code: "ADDRESS_DECLARED_TWICE", severity: "error", message } as const
  const { path } = declaration
  const place = declaration.addresses.find(({ text }) => text === address)?.place ?? declaration.place
  return { ...entry, state: "left-out", vip: null, problems: [...problems, { ...problem, path, place }] }
}
