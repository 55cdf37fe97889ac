import * as z from "zod"

import { visible } from "../../kit/text/escape-hidden.ts"
import type { Immutable } from "../fields.ts"
import type { Trouble } from "./node-report.ts"

/** A condition of a VipReport. */
export type Condition = Omit<Immutable<z.infer<typeof conditionField>>, "lastTransitionTime">
/**
 * Source: Kubernetes API conventions, "Typical status properties"; kstatus reads Reconciling and Stalled. `Serving` is not part
 * of Ready: the readiness of pods concerns their owners, and a rollout of pods must not wait for itself.
 */
const conditionField = z.object({
  type: z.enum(["Ready", "Reconciling", "Stalled", "Serving"]),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: z.string().nullish(),
})

/** The summary of all nodes, for `status` of the VipReport. Its size grows only with the nodes' names. */
export interface Summary extends Omit<Immutable<z.infer<typeof statusSchema>>, "troubles" | "observedGeneration"> {
  readonly troubles: readonly (Trouble & { readonly nodes: string })[]
}

/** `status` of a VipReport. */
export const statusSchema = z.object({
  conditions: z.array(conditionField),
  /** resourceVersion of the ConfigMap that it is about; null if there is none. */
  configMap: z
    .string()
    .nullish()
    .transform((version) => version ?? null),
  vips: z.int(),
  /** The VRRP instances, at most ten, and the nodes that are their masters, at most ten; exactly one each if all is well. */
  instances: z.array(z.object({ name: z.string(), masters: z.array(z.string()) })),
  /** Names of the nodes that are the master of any instance, at most ten. */
  masters: z.array(z.string()),
  /** The same as one text, for a column; with several instances `vips: n1, lan: n2`. */
  master: z.string(),
  /** Number of pods behind them that get new connections. */
  readyPods: z.int(),
  /** Number of VIPs with a port without a ready pod. */
  unserved: z.int(),
  nodes: z.object({
    applied: z.int(),
    reporting: z.int(),
    notReady: z.int(),
    /** Ready nodes without a report: usually none of our pods runs there. */
    silent: z.int(),
  }),
  /** The generations in effect and their nodes; a generation is named by the first 12 hex digits of its checksum. */
  generations: z.array(z.object({ generation: z.string(), count: z.int(), nodes: z.string() })),
  troubles: z.array(z.object({ reason: z.string(), note: z.string(), nodes: z.string() })),
  observedGeneration: z.int().nullish(),
})

const vipReportSchema = z.object({
  metadata: z.object({ namespace: z.string(), name: z.string() }),
  status: z.unknown().optional(),
})

/** A VipReport as another program reads it. */
export interface VipReportView {
  readonly namespace: string
  readonly name: string
  /** Null if it has no status that this release can read. */
  readonly summary: Summary | null
}

/** Null for an object without a name. Other programs may write a VipReport, so its texts may not be harmless. */
export function decodeVipReport(object: unknown): VipReportView | null {
  const found = vipReportSchema.safeParse(object)
  if (!found.success) return null
  const { metadata, status } = found.data
  const summary = statusSchema.safeParse(status)
  return { ...metadata, summary: summary.success ? harmless(summary.data) : null }
}

function harmless(summary: Summary): Summary {
  return {
    ...summary,
    conditions: summary.conditions.map((one) => ({ ...one, message: visible(one.message) })),
    troubles: summary.troubles.map((one) => ({ ...one, note: visible(one.note), nodes: visible(one.nodes) })),
  }
}
