import { memo } from "../../kit/memo.ts"
import { compare } from "../../kit/problem.ts"
import { entryLines, namedService } from "./entry-lines.ts"
import { isLongForm } from "./is-long-form.ts"
import { servicesNamedIn } from "./long-form/references.ts"
import type { ConfigMap } from "../objects/kinds.ts"

/** A Service that an entry names. */
export interface Reference {
  readonly namespace: string
  readonly name: string
}

/** Maximum Services of a generation, besides a ConfigMap and the Nodes (`MAXIMUM_FILES` of the contract). */
export const MOST_REFERENCES = 4_998

/**
 * The Services that the entries of some ConfigMaps name, without duplicates, sorted.
 *
 * Lenient on purpose: the sidecar holds an entry with a wrong forwarding method in its last good form, and that form needs
 * fresh endpoints. Ignores a line that does not name a Service.
 */
export function referencesOf(configMaps: readonly ConfigMap[]): readonly Reference[] {
  const references = new Map<string, Reference>()
  for (const { namespace, name } of configMaps.flatMap(referencesIn))
    references.set(`${namespace}/${name}`, { namespace, name })
  return [...references.values()].sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name))
}

const referencesIn = memo(({ data }: ConfigMap): readonly Reference[] =>
  Object.entries(data).flatMap(([key, text]) =>
    isLongForm(key, text) ? servicesNamedIn(text) : entryLines(text).flatMap((line) => namedService(line.text) ?? []),
  ),
)
