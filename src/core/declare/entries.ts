import { memo } from "../../kit/memo.ts"
import type { Place } from "../../kit/problem.ts"
import type { ConfigMap, Placed } from "../objects/kinds.ts"
import { type DeclarationId, idOf, type Source } from "./declaration.ts"

/** An entry as written in a VIP ConfigMap. */
export interface RawEntry {
  readonly id: DeclarationId
  readonly source: Source
  readonly key: string
  readonly text: string
  readonly place: Place | null
  /** Place of the first line of the value when the value is a block of lines (`|`); otherwise absent. */
  readonly firstLine?: Place | undefined
}

/** The entries of a ConfigMap, in the order of the file. */
export const entriesOf = memo((configMap: Placed<ConfigMap>): readonly RawEntry[] => {
  const source = sourceOf(configMap)
  return Object.entries(configMap.object.data).map(([key, text]) => ({
    id: idOf(source, key),
    source,
    key,
    text,
    place: configMap.keyPlaces.get(key) ?? configMap.place,
    firstLine: configMap.firstLines?.get(key),
  }))
})

/** A ConfigMap as the source of its entries. */
export function sourceOf({ object }: Pick<Placed<ConfigMap>, "object">): Source {
  const { namespace, name } = object.metadata
  return { kind: "ConfigMap", namespace, name }
}
