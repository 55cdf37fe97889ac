import * as z from "zod"

import type { Status, StatusVip } from "../../contract/status.ts"
import { HANDOVER, isUnwell, type StatusVrrp, VRRP_STATES, vrrpText } from "../../contract/vrrp.ts"
import { type Problem, problemText } from "../../kit/problem.ts"
import { visible } from "../../kit/visible.ts"

/**
 * What one node made of the newest input.
 *
 * `applied`: all of it is in effect. `pending`: not yet. `wrong`: at least a part of it is not, and a person must act.
 */
export type NodeState = "applied" | "pending" | "wrong"

/** Why something is wrong: the reason of an Event, and a text for people. */
export interface Trouble {
  /** UpperCamelCase, as Kubernetes writes reasons. */
  readonly reason: string
  readonly note: string
}

/** Small enough for an annotation, whatever a user writes into a ConfigMap. */
export interface NodeReport {
  /** resourceVersion of the ConfigMap that `state` is about: the newest that the node has seen; null where it sees none. */
  readonly configMap: string | null
  readonly state: NodeState
  /** The first 12 hex digits of the checksum of the generation that is in effect; null before the first. */
  readonly generation: string | null
  /** How many VIPs are in effect. */
  readonly vips: number
  /** What VRRP made of the node; null before the sidecar says it. */
  readonly role: NodeRole | null
  /** The first of them; `more` counts the rest. */
  readonly troubles: readonly Trouble[]
  readonly more: number
}

/** As in `StatusVrrp`. */
export type NodeRole = Pick<StatusVrrp, "state" | "since" | "reason" | "advertInterval">

const MOST_TROUBLES = 5
const LONGEST_NOTE = 300

/** A generation as it was published. */
export interface Origin {
  /** resourceVersion of its ConfigMap. */
  readonly configMap: string | null
  readonly contentSha256: string
}

export interface NodeView {
  /** resourceVersion of the newest ConfigMap. */
  readonly configMap: string | null
  /** Why the newest input is not published; empty where it is. */
  readonly held: readonly Problem[]
  /** What the sidecar says; null while it says nothing. */
  readonly status: Status | null
  /** What is known of generations, by sequence. */
  readonly origins: ReadonlyMap<number, Origin>
}

/**
 * Pure: equal views give equal reports. Endpoints come and go without changing it: whether a node is up to date is a
 * question about the ConfigMap, not about the newest generation. Times have no place in it.
 */
export function nodeReportOf(view: NodeView): NodeReport {
  const { configMap, held, status, origins } = view
  const heldTroubles = held.map((problem) => trouble(heldReason(problem), problemText(problem)))
  const troubles = [...heldTroubles, ...vrrpTroubles(status), ...troublesOf(view)]
  const shown = troubles.slice(0, MOST_TROUBLES)
  return {
    configMap,
    state: troubles.length > 0 ? "wrong" : isApplied(view) ? "applied" : "pending",
    generation: origins.get(status?.appliedGeneration ?? 0)?.contentSha256.slice(0, 12) ?? null,
    vips: status?.vips.filter(({ state }) => state === "applied").length ?? 0,
    role: status === null ? null : roleOf(status.vrrp),
    troubles: shown,
    more: troubles.length - shown.length,
  }
}

/** A volume that takes nothing is no fault of the input. */
function heldReason({ code }: Problem): string {
  return code.startsWith("VOLUME_") ? "PublishFailed" : "InputHeld"
}

function isApplied(view: NodeView): boolean {
  const outcome = view.status?.outcome
  return (outcome === "applied" || outcome === "unchanged") && isOfNewest(view)
}

/** Whether what the sidecar saw last was made from the newest ConfigMap. */
function isOfNewest({ status, origins, configMap }: NodeView): boolean {
  const origin = origins.get(status?.observedGeneration ?? 0)
  return origin !== undefined && origin.configMap === configMap
}

function roleOf({ state, since, reason, advertInterval }: StatusVrrp): NodeRole {
  return { state, since, reason: reason === null ? null : noteOf(reason), advertInterval }
}

/** Whatever the ConfigMap says: this node cannot serve. A pod that goes hands its VIPs over, and has no trouble. */
function vrrpTroubles(status: Status | null): readonly Trouble[] {
  if (status === null || !isUnwell(status.vrrp) || status.vrrp.reason?.startsWith(HANDOVER) === true) return []
  // Before anything is in effect, there is no role to have.
  if (status.vrrp.state === "unknown" && status.appliedGeneration === null) return []
  return [
    trouble(status.vrrp.state === "fault" ? "VRRPFault" : "VRRPUnknown", vrrpText({ ...status.vrrp, since: null })),
  ]
}

/** What was wrong with an older ConfigMap says nothing of the newest. */
function troublesOf(view: NodeView): readonly Trouble[] {
  if (view.status === null) return []
  const { outcome, reason, pinned, observedGeneration } = view.status
  if (pinned !== null)
    return [trouble("Pinned", `"kkv rollback" holds ${pinned} in place of the newest; "kkv resume" ends it`)]
  if (observedGeneration !== null && !isOfNewest(view)) return []
  const guardTrouble = guardTroubleOf(view.status)
  const vips = [...foreignTroubles(view.status), ...view.status.vips.flatMap((vip) => vipTrouble(vip) ?? [])]
  switch (outcome) {
    case "rejected":
      // The VIPs of a generation that a guard holds are not broken, every one of them.
      if (guardTrouble !== null) return [guardTrouble]
      return [trouble("Rejected", reason ?? "the newest generation does not pass"), ...vips]
    case "rolled-back":
      return [trouble("RolledBack", reason ?? "the newest generation did not work"), ...vips]
    case "stranded":
      return [trouble("Stranded", reason ?? "neither the newest nor the last good configuration works"), ...vips]
    case "applied":
    case "unchanged":
    case "waiting":
      return vips
  }
}

/** Whatever is in effect does not stay so, and only a person can change that. */
function foreignTroubles({ problems }: Status): readonly Trouble[] {
  return problems.flatMap(({ code, message }) => {
    const reason = FOREIGN_REASONS.get(code)
    return reason === undefined ? [] : [trouble(reason, message)]
  })
}

const FOREIGN_REASONS: ReadonlyMap<string, string> = new Map([
  ["KUBE_PROXY_IPVS", "KubeProxyIPVS"],
  ["FOREIGN_CHANGES", "ForeignChanges"],
])

function guardTroubleOf({ problems }: Status): Trouble | null {
  const held = problems.find(({ code }) => GUARD_CODES.has(code))
  return held === undefined ? null : trouble("GuardHeld", held.message)
}

/** What the sidecar calls a change that it holds because it would take away most of what works. */
const GUARD_CODES: ReadonlySet<string> = new Set(["MASS_REMOVAL", "ENDPOINTS_LOST", "NODES_LOST"])

const VIP_REASONS = { held: "EntryHeld", "left-out": "EntryLeftOut", partial: "EntryPartial" } as const
const VIP_NOTES = {
  held: "its last good form stays in effect",
  "left-out": "it is not announced",
  partial: "only a part of it is in effect",
} as const

function vipTrouble({ entry, state, reason }: StatusVip): Trouble | null {
  if (state === "applied" || state === "pending") return null
  return trouble(VIP_REASONS[state], `${JSON.stringify(entry)}: ${reason ?? "broken"} (${VIP_NOTES[state]})`)
}

/** The note is for terminals, by way of Events and the VipReport: nothing in it is hidden. */
function trouble(reason: string, text: string): Trouble {
  return { reason, note: noteOf(text) }
}

function noteOf(text: string): string {
  const note = visible(text)
  return note.length > LONGEST_NOTE ? `${note.slice(0, LONGEST_NOTE - 3)}...` : note
}

/** Seconds. Source: RFC 9568, 5.2.7. */
const LONGEST_ADVERT_INTERVAL = 255

const WORD = /^[A-Za-z0-9]{1,64}$/

const reportSchema = z.object({
  configMap: z.string().max(64).nullable(),
  generation: z
    .string()
    .regex(/^[0-9a-f]{0,12}$/)
    .nullable(),
  state: z.enum(["applied", "pending", "wrong"]),
  vips: z.int().min(0),
  role: z
    .object({
      state: z.enum(VRRP_STATES),
      since: z.iso.datetime().nullable(),
      reason: z.string().max(LONGEST_NOTE).nullable(),
      advertInterval: z.number().positive().max(LONGEST_ADVERT_INTERVAL).nullable(),
    })
    .nullable(),
  troubles: z
    .array(z.object({ reason: z.string().regex(WORD), note: z.string().max(LONGEST_NOTE) }))
    .max(MOST_TROUBLES),
  more: z.int().min(0),
})

/** The text of the annotation. */
export function encodeNodeReport({ configMap, state, generation, vips, role, troubles, more }: NodeReport): string {
  return JSON.stringify({ configMap, state, generation, vips, role, troubles, more })
}

/** Null for what no release of ours wrote. */
export function decodeNodeReport(text: string): NodeReport | null {
  try {
    const report = reportSchema.parse(JSON.parse(text))
    // Whoever may write a Lease of ours, such as another node's sync, is not believed to have made a harmless text.
    const configMap = report.configMap === null ? null : visible(report.configMap)
    const role = report.role === null ? null : roleOf(report.role)
    return { ...report, configMap, role, troubles: report.troubles.map(({ reason, note }) => trouble(reason, note)) }
  } catch {
    return null
  }
}
