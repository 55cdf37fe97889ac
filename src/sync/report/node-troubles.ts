import { isAsWritten } from "../../contract/entry-state.ts"
import { type Age, SILENT_SECONDS } from "../../contract/heartbeat.ts"
import { trouble, type Trouble } from "../../contract/report/node-report.ts"
import type { Status, StatusVip } from "../../contract/status.ts"
import { type Finding, findingsFor, nodeProblems, type Subject } from "../../contract/well.ts"
import type { AgentSigns, SyncSigns } from "../../contract/signs.ts"
import { isHandover, isUnwell, vrrpText } from "../../contract/vrrp.ts"
import type { Problem } from "../../kit/problem.ts"
import { reasonOf } from "./event-reason.ts"
import type { Said } from "./ports.ts"
import type { SyncProblemCode } from "../problem-codes.ts"

/** A published generation. */
export interface Origin {
  /** resourceVersion of its ConfigMap. */
  readonly configMap: string | null
  readonly contentSha256: string
}

export interface NodeView {
  /** `ConfigMap default/vips`: the first of the VIP ConfigMaps. */
  readonly firstConfigMap: string
  /** resourceVersion of the newest ConfigMap. */
  readonly configMap: string | null
  /** Why the newest input is not published; empty if it is. */
  readonly held: readonly Problem<SyncProblemCode>[]
  /** The sidecar's status; null if there is none. */
  readonly said: Said | null
  /** Age of what this node knows about the cluster. */
  readonly sourceAge: Age
  /** The known generations, by sequence. */
  readonly origins: ReadonlyMap<number, Origin>
}

/** Whether all is well that this report covers: an unknown state also prevents `applied`. */
export function isApplied(view: NodeView): boolean {
  return view.said !== null && isOfNewest(view) && findingsIn(view, view.said).length === 0
}

function findingsIn({ sourceAge }: NodeView, { status, agent }: Said): readonly Finding[] {
  const itself: SyncSigns = {
    silence: { kind: "age", seconds: 0 },
    sourceAge,
    published: null,
    fault: null,
    status: null,
  }
  return findingsFor("report", { status, agent, sync: itself })
}

/** Whether the last generation that the sidecar read is from the newest ConfigMap. */
function isOfNewest({ said, origins, configMap }: NodeView): boolean {
  const origin = origins.get(said?.status.observedGeneration ?? 0)
  return origin !== undefined && origin.configMap === configMap
}

/** Everything that a person must fix before the newest ConfigMap can be in effect on this node. */
export function troublesOf(view: NodeView): readonly Trouble[] {
  if (view.said === null) return []
  const { status, agent } = view.said
  const found = findingsIn(view, view.said)
  const source = view.sourceAge.kind === "age" && has(found, "source") ? [trouble("SourceStale", STALE_NOTE)] : []
  // The last status of a dead agent does not count.
  if (has(found, "agent")) return [...source, agentTrouble(agent)]
  return [...source, ...vrrpTroubles(status, found), ...nodeTroubles(status, found), ...inputTroubles(status, view)]
}

/** Note for a node that has not heard from the cluster for a long time; also used for an Event. */
export const STALE_NOTE = "A part of the Kubernetes API does not answer; what is in effect stays"

function has(found: readonly Finding[], subject: Subject): boolean {
  return found.some(({ about }) => about === subject)
}

/** The text has no time, so that the same state gives the same report. */
function agentTrouble({ silence, lookAge, fault }: AgentSigns): Trouble {
  if (silence.kind === "unknown")
    return trouble(
      "AgentUnknown",
      "Cannot tell whether the agent lives: check its heartbeat in the volume of --applied",
    )
  if (silence.seconds > SILENT_SECONDS)
    return trouble("AgentSilent", "The agent is silent: keepalived keeps its configuration, and no change is applied")
  if (fault !== null) return trouble("AgentFailed", `The agent cannot write its status: ${fault}`)
  return lookAge.kind === "unknown"
    ? trouble("AgentUnknown", "Cannot tell when the agent last checked keepalived")
    : trouble("AgentStuck", "The agent is alive, but has not checked keepalived for a long time: see its log")
}

/** Whether the agent is alive, so that its status counts. */
export function isAlive({ status, agent }: Said): boolean {
  return !has(findingsFor("report", { status, agent, sync: null }), "agent")
}

/** Troubles because of which this node cannot serve, whatever the ConfigMap contains. The text has no time. */
function vrrpTroubles({ vrrp, appliedGeneration }: Status, found: readonly Finding[]): readonly Trouble[] {
  // Before anything is in effect, the node has no role.
  if (!has(found, "vrrp")) return []
  if (vrrp.length === 0) return appliedGeneration === null ? [] : [trouble("VRRPUnknown", "No VRRP instance is known")]
  return vrrp.flatMap((one) => {
    if (!isUnwell(one) || isHandover(one) || (one.state === "unknown" && appliedGeneration === null)) return []
    const reason = one.state === "fault" ? "VRRPFault" : "VRRPUnknown"
    return [trouble(reason, vrrpText({ ...one, since: null }, vrrp.length))]
  })
}

/** Troubles of the node itself, independent of the ConfigMap. */
function nodeTroubles(status: Status, found: readonly Finding[]): readonly Trouble[] {
  return found.flatMap(({ about, text }) => {
    if (about === "keepalived" && status.keepalived !== "unknown") return [trouble("KeepalivedDown", text)]
    return about === "drift" && status.drift === "found" ? [trouble("Drift", text)] : []
  })
}

/** Troubles of the newest ConfigMap; those of an older one do not count. */
function inputTroubles(status: Status, view: NodeView): readonly Trouble[] {
  const { pinned, observedGeneration } = status
  if (pinned !== null)
    return [trouble("Pinned", `"kkv rollback" holds ${pinned} in place of the newest; "kkv resume" ends it`)]
  if (observedGeneration !== null && !isOfNewest(view)) return []
  const whole = wholeTroubles(status)
  // What prevents the whole generation does not make each of its VIPs broken.
  const vips = status.vips.filter(({ problem }) => problem === null || problem.code !== status.code)
  return [...whole, ...faultTroubles(status), ...onceEach(vips.flatMap((vip) => vipTrouble(vip) ?? []))]
}

/** The VIPs of one entry may all have the same trouble. */
function onceEach(troubles: readonly Trouble[]): readonly Trouble[] {
  return [...new Map(troubles.map((one) => [JSON.stringify(one), one])).values()]
}

/** What prevents the whole generation. */
function wholeTroubles({ outcome, code, reason, problems }: Status): readonly Trouble[] {
  if (outcome !== "rejected" && outcome !== "rolled-back" && outcome !== "stranded") return []
  const { why, otherwise } = WHOLE[outcome]
  const cause = problems.find((problem) => problem.code === code && problem.message === reason)
  return [trouble(code === null ? otherwise : reasonOf(code), reason ?? why, cause?.path[0])]
}

const WHOLE = {
  rejected: { otherwise: "Rejected", why: "the newest generation does not pass" },
  "rolled-back": { otherwise: "RolledBack", why: "the newest generation did not work" },
  stranded: { otherwise: "Stranded", why: "neither the newest nor the last good configuration works" },
} as const

function faultTroubles(status: Status): readonly Trouble[] {
  return nodeProblems(status)
    .filter(({ code }) => code !== status.code)
    .map(({ code, message }) => trouble(reasonOf(code), message))
}

/** Reasons for a VIP whose status gives no problem. */
const VIP_REASONS = { held: "EntryHeld", "left-out": "EntryLeftOut", partial: "EntryPartial" } as const
const VIP_NOTES = {
  held: "its last good form stays in effect",
  "left-out": "it is not announced",
  partial: "only a part of it is in effect",
} as const

function vipTrouble({ object, entry, state, problem }: StatusVip): Trouble | null {
  if (isAsWritten(state) || state === "pending") return null
  const reason = problem === null ? VIP_REASONS[state] : reasonOf(problem.code)
  const note = `${JSON.stringify(entry)}: ${problem?.message ?? "broken"} (${VIP_NOTES[state]})`
  return trouble(reason, note, object)
}
