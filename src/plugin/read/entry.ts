import * as z from "zod"

import type { ClusterApi, Kind, Read } from "../ports.ts"
import { readable } from "./readable.ts"

const CONFIG_MAPS: Kind = { group: "", version: "v1", plural: "configmaps" }
const configMapSchema = z.object({ data: z.record(z.string(), z.string()).default({}) })

/** The entries of a VIP ConfigMap; null if there is none of that name. */
export function readEntries(
  api: ClusterApi,
  namespace: string,
  name: string,
): Promise<Read<Readonly<Record<string, string>> | null>> {
  return readable(async () => {
    const found = configMapSchema.safeParse(await api.get(CONFIG_MAPS, namespace, name))
    return found.success ? found.data.data : null
  })
}
