import { isAsWritten } from "../../contract/entry-state.ts"
import { type Age, SILENT_SECONDS } from "../../contract/heartbeat.ts"
import type { Status, StatusVip } from "../../contract/status.ts"
import { type AgentSigns, type Finding, findingsFor, type Subject, type SyncSigns } from "../../contract/well.ts"
import { vrrpText } from "../../contract/vrrp.ts"
import type { Problem } from "../../kit/problem.ts"
import { visible } from "../../kit/visible.ts"
import type { Said } from "./ports.ts"

/** Why something is wrong: the reason of an Event, and a text for people. */
export interface Trouble {
  /** UpperCamelCase, as Kubernetes writes reasons. */
  readonly reason: string
  readonly note: string
}

/** Maximum length of a note, in characters. */
export const LONGEST_NOTE = 300

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
  readonly said: Said | null
  /** How old this node's knowledge of the cluster is. */
  readonly sourceAge: Age
  /** What is known of generations, by sequence. */
  readonly origins: ReadonlyMap<number, Origin>
}

/** Whether all is well, of what this node is asked about: what cannot be told keeps it from being applied, too. */
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

/** Whether what the sidecar saw last was made from the newest ConfigMap. */
function isOfNewest({ said, origins, configMap }: NodeView): boolean {
  const origin = origins.get(said?.status.observedGeneration ?? 0)
  return origin !== undefined && origin.configMap === configMap
}

/** Everything that a person must mend for this node to have the newest ConfigMap in effect. */
export function troublesOf(view: NodeView): readonly Trouble[] {
  if (view.said === null) return []
  const { status, agent } = view.said
  const found = findingsIn(view, view.said)
  const source = view.sourceAge.kind === "age" && has(found, "source") ? [trouble("SourceStale", STALE_NOTE)] : []
  // What a dead one said last is no news of anything.
  if (has(found, "agent")) return [...source, agentTrouble(agent)]
  return [...source, ...vrrpTroubles(status, found), ...nodeTroubles(status, found), ...inputTroubles(status, view)]
}

/** What is said of a node that has not heard of the cluster for long; an Event says it in the same words. */
export const STALE_NOTE = "Nothing is heard of a part of the Kubernetes API; what is in effect stays"

function has(found: readonly Finding[], subject: Subject): boolean {
  return found.some(({ about }) => about === subject)
}

/** In words without a time: the same state is the same report. */
function agentTrouble({ silence, lookAge, fault }: AgentSigns): Trouble {
  if (silence.kind === "unknown")
    return trouble(
      "AgentUnknown",
      "Nobody can tell whether the agent lives: look at its heartbeat in the volume of --applied",
    )
  if (silence.seconds > SILENT_SECONDS)
    return trouble(
      "AgentSilent",
      "The agent shows no sign of life: what keepalived runs stays, and no change is applied",
    )
  if (fault !== null) return trouble("AgentFailed", `The agent cannot write its status: ${fault}`)
  return lookAge.kind === "unknown"
    ? trouble("AgentUnknown", "Nobody can tell when the agent last looked after keepalived")
    : trouble("AgentStuck", "The agent lives, and has not looked after keepalived for long: see its log")
}

/** Whether the agent lives to say what it says. */
export function isAlive({ status, agent }: Said): boolean {
  return !has(findingsFor("report", { status, agent, sync: null }), "agent")
}

/** Whatever the ConfigMap says: this node cannot serve. In words without a time. */
function vrrpTroubles({ vrrp, appliedGeneration }: Status, found: readonly Finding[]): readonly Trouble[] {
  // Before anything is in effect, there is no role to have.
  if (!has(found, "vrrp") || (vrrp.state === "unknown" && appliedGeneration === null)) return []
  return [trouble(vrrp.state === "fault" ? "VRRPFault" : "VRRPUnknown", vrrpText({ ...vrrp, since: null }))]
}

/** What is wrong with the node itself, whichever ConfigMap it runs. */
function nodeTroubles(status: Status, found: readonly Finding[]): readonly Trouble[] {
  return found.flatMap(({ about, text }) => {
    if (about === "keepalived" && status.keepalived !== "unknown") return [trouble("KeepalivedDown", text)]
    return about === "drift" && status.drift === "found" ? [trouble("Drift", text)] : []
  })
}

/** What was wrong with an older ConfigMap says nothing of the newest. */
function inputTroubles(status: Status, view: NodeView): readonly Trouble[] {
  const { outcome, reason, pinned, observedGeneration } = status
  if (pinned !== null)
    return [trouble("Pinned", `"kkv rollback" holds ${pinned} in place of the newest; "kkv resume" ends it`)]
  if (observedGeneration !== null && !isOfNewest(view)) return []
  const guardTrouble = guardTroubleOf(status)
  const vips = [...foreignTroubles(status), ...status.vips.flatMap((vip) => vipTrouble(vip) ?? [])]
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
      return [...faultTroubles(status), ...vips]
  }
}

/** Faults of the node: errors without a place in an input. */
function faultTroubles({ problems }: Status): readonly Trouble[] {
  return problems
    .filter(({ code, severity, place }) => severity === "error" && place === null && !TOLD_OTHERWISE.has(code))
    .map(({ code, message }) => trouble("NodeFault", `${code}: ${message}`))
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

const TOLD_OTHERWISE: ReadonlySet<string> = new Set(["DRIFT", ...FOREIGN_REASONS.keys()])

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
  if (isAsWritten(state) || state === "pending") return null
  return trouble(VIP_REASONS[state], `${JSON.stringify(entry)}: ${reason ?? "broken"} (${VIP_NOTES[state]})`)
}

/** The note is for terminals, by way of Events and the VipReport: nothing in it is hidden. */
export function trouble(reason: string, text: string): Trouble {
  return { reason, note: noteOf(text) }
}

/** A text that fits into a note, with nothing hidden in it. */
export function noteOf(text: string): string {
  const note = visible(text)
  return note.length > LONGEST_NOTE ? `${note.slice(0, LONGEST_NOTE - 3)}...` : note
}
