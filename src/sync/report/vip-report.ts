import { isDeepStrictEqual } from "node:util"
import * as z from "zod"

import { type Condition, statusSchema, type Summary } from "../../contract/report/vip-report.ts"
import { ApiFault } from "../../kubernetes/api-fault.ts"
import type { ObjectPath, ObjectsApi } from "./ports.ts"

/** The object with the state of all nodes, `VipReport`. sync creates it if it is missing, and otherwise writes only its status. */
export interface VipReport {
  /**
   * Writes the summary if it has changed.
   *
   * @param entries Data of the ConfigMap that it is about. If the report's spec has other entries, observedGeneration stays
   *   behind, so that readers wait. @throws ApiFault
   */
  write(summary: Summary, entries: Entries | null): Promise<Written>
}

type Entries = Readonly<Record<string, string>>

export type Written =
  /** `before` is the summary that it replaces; null if there was none. */
  { readonly kind: "written"; readonly before: Summary | null } | { readonly kind: "missing" }

const reportSchema = z.object({
  metadata: z.object({ generation: z.int() }),
  spec: z.object({ entries: z.unknown() }).nullish(),
  status: z.unknown().optional(),
})

/** The API path of a VipReport. */
export function vipReportPath(namespace: string, name: string): ObjectPath {
  return { group: "kube-keepalived-vip.io", version: "v1alpha1", plural: "vipreports", namespace, name }
}

export function createVipReport(api: ObjectsApi, path: ObjectPath, now: () => Date): VipReport {
  return {
    write: async (summary, entries) => {
      const found = (await api.get(path)) ?? (await create(api, path))
      if (found === null) return { kind: "missing" }
      const { metadata, spec, status } = reportSchema.parse(found)
      const parsed = statusSchema.safeParse(status)
      const before = parsed.success ? parsed.data : null
      const asked = spec?.entries ?? null
      const isSeen = asked === null || isDeepStrictEqual(asked, entries)
      const observedGeneration = isSeen ? metadata.generation : (before?.observedGeneration ?? -1)
      const troubles = summary.troubles.map(({ reason, note, nodes }) => ({ reason, note, nodes }))
      const next = { ...summary, troubles, conditions: withTimes(before?.conditions ?? [], summary.conditions, now()) }
      if (!isDeepStrictEqual(before, { ...next, observedGeneration }))
        await api.patch(path, { status: { ...next, observedGeneration } }, "status")
      return { kind: "written", before }
    },
  }
}

/** Null if the API server does not know the kind. */
async function create(api: ObjectsApi, path: ObjectPath): Promise<unknown> {
  const { group, version, name, namespace } = path
  try {
    return await api.create(path, {
      apiVersion: `${group}/${version}`,
      kind: "VipReport",
      metadata: { name, namespace },
    })
  } catch (error) {
    if (error instanceof ApiFault && error.status === 404) return null
    throw error
  }
}

type Timed = Condition & { readonly lastTransitionTime?: string | null | undefined }

/** The time of a condition is the time of its last change of status. */
function withTimes(before: readonly Timed[], after: readonly Condition[], now: Date): readonly Timed[] {
  const time = now.toISOString().replace(/\.\d+Z$/, "Z")
  return after.map((condition) => {
    const same = before.find(({ type, status }) => type === condition.type && status === condition.status)
    return { ...condition, lastTransitionTime: same?.lastTransitionTime ?? time }
  })
}
