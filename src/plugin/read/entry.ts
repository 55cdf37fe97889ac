import * as z from "zod"

import { parseEntry } from "../../core/declare/parse-entry.ts"
import { idOf, type Source } from "../../core/declare/declaration.ts"
import type { ClusterApi, Kind, Read } from "../ports.ts"
import { readable } from "./readable.ts"

const CONFIG_MAPS: Kind = { group: "", version: "v1", plural: "configmaps" }
const configMapSchema = z.object({ data: z.record(z.string(), z.string()).default({}) })

/** An entry of a VIP ConfigMap, with the addresses in it that can be read. */
export interface EntryView {
  readonly name: string
  readonly text: string
  readonly addresses: readonly string[]
}

/** The entries of a VIP ConfigMap; null if there is none of that name. */
export function readEntries(
  api: ClusterApi,
  namespace: string,
  name: string,
): Promise<Read<readonly EntryView[] | null>> {
  const source = { kind: "ConfigMap", namespace, name } as const
  return readable(async () => {
    const found = configMapSchema.safeParse(await api.get(CONFIG_MAPS, namespace, name))
    return found.success ? Object.entries(found.data.data).map(([key, text]) => entryOf(source, key, text)) : null
  })
}

function entryOf(source: Source, key: string, text: string): EntryView {
  const { value } = parseEntry({ id: idOf(source, key), source, key, text, place: null })
  return { name: key, text, addresses: value.addresses.map((address) => address.text) }
}
