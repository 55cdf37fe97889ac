import { compare } from "../kit/problem.ts"
import { entryLines } from "./desired/entry-lines.ts"
import { DNS_LABEL } from "./objects/schema.ts"
import type { ConfigMap } from "./objects/kinds.ts"

/** A Service that an entry names. */
export interface Reference {
  readonly namespace: string
  readonly name: string
}

/** So many Services have room in a generation, beside the ConfigMap and the Nodes (`MAXIMUM_FILES` of the contract). */
export const MOST_REFERENCES = 4_998

/** `namespace/name`, and whatever follows a colon: even where that is wrong, the Service is named. */
const LINE = /^([^/:]+)\/([^/:]+)(?::.*)?$/

/**
 * Says which Services the entries name, each once, sorted.
 *
 * Lenient on purpose: an entry with a wrong forwarding method is held by its reader in its last good form, and that form
 * needs fresh endpoints. A line that names no Service gives nothing. Names are DNS labels, since they become a path.
 */
export function referencesOf(configMap: ConfigMap): readonly Reference[] {
  const references = new Map<string, Reference>()
  for (const value of Object.values(configMap.data)) {
    for (const { text } of entryLines(value)) {
      const [, namespace, name] = LINE.exec(text) ?? []
      if (namespace === undefined || name === undefined) continue
      if (DNS_LABEL.test(namespace) && DNS_LABEL.test(name)) references.set(`${namespace}/${name}`, { namespace, name })
    }
  }
  return [...references.values()].sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name))
}
