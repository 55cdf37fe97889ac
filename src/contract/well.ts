import { type Age, SILENT_SECONDS } from "./heartbeat.ts"
import type { EntryState } from "./entry-state.ts"
import type { Status } from "./status.ts"
import type { SyncStatus } from "./sync-status.ts"
import { HANDOVER, isUnwell, vrrpText } from "./vrrp.ts"

/**
 * Maximum age of what sync knows of its source, in seconds. The API server sends a bookmark a minute, and a watch that is
 * silent for two is replaced: what is older was not renewed although it should have been.
 */
export const STALE_SECONDS = 150
/** Maximum time between two looks of the agent after keepalived, in seconds; the slowest apply ends sooner. */
export const STUCK_SECONDS = 120

/** What a finding is about. */
export type Subject = (typeof SUBJECTS)[number]
export const SUBJECTS = [
  /** The agent is silent, stuck, or nobody can tell whether it lives. */
  "agent",
  "keepalived",
  /** No configuration is known to be in effect. */
  "configuration",
  /** VRRP is in FAULT, or nobody knows what it made of this node. */
  "vrrp",
  /** The node is in FAULT by its own wish: it hands its VIPs over. */
  "handover",
  /** VRRP has only just started. */
  "init",
  /** The kernel differs from what is in effect, or was not compared yet. */
  "drift",
  /** It differed, was set right, and has not been compared since. */
  "repaired",
  /** Neither the newest nor the last good configuration works. */
  "stranded",
  /** The newest configuration is not in effect. */
  "outcome",
  /** Entries of the ConfigMap are not in effect as they are written. */
  "entries",
  /** Problems of severity error that none of the above says. */
  "problems",
  /** A person holds an older generation in place. */
  "pinned",
  /** The agent has not read the newest generation. */
  "generation",
  /** sync is silent, does not publish, or nobody can tell. */
  "sync",
  /** What sync knows is too old, or nobody can tell how old it is. */
  "source",
] as const

export interface Finding {
  readonly about: Subject
  /** One line for people. */
  readonly text: string
}

/** What is known of a sidecar's life. */
export interface AgentSigns {
  /** Since it last showed that it lives. */
  readonly silence: Age
  /** Since it last looked after keepalived to the end. */
  readonly lookAge: Age
  /** Why it cannot write its status, which then is an old one; null where it can, or where nobody knows. */
  readonly fault: string | null
}

/** What is known of a sync from its volume. */
export interface SyncSigns {
  readonly silence: Age
  /** Since it last knew its source to be as it was read. */
  readonly sourceAge: Age
  /** Sequence of its newest generation; null for none. */
  readonly published: number | null
  /** Why it cannot write its volume; null where it can, or where nobody knows. */
  readonly fault: string | null
  /** Null where it cannot be read. */
  readonly status: SyncStatus | null
}

/** Everything that the answer rests on. */
export interface Signs {
  readonly status: Omit<Status, "time">
  /** Null where the agent itself asks: then it lives. */
  readonly agent: AgentSigns | null
  /** Null where the volume of sync is not there to be read. */
  readonly sync: SyncSigns | null
}

/**
 * Who asks "is all well", and what each wants to know. `status`: everything. `health`: whether this node does its part now,
 * as `/health` answers. `ready`: whether it serves a verified configuration, as `/readyz` answers; a newer one that was
 * refused changes nothing about that, for every node refuses it alike, and unready nodes block the rollout that mends it.
 * `report`: whether the newest ConfigMap is in effect on this node, as the VipReport tells; its sync speaks for itself.
 */
export type Asker = keyof typeof ASKED
const ASKED = {
  status: SUBJECTS,
  health: ["agent", "keepalived", "configuration", "vrrp", "handover", "drift"],
  ready: ["keepalived", "configuration", "vrrp", "handover", "stranded"],
  report: SUBJECTS.filter((subject) => !["repaired", "handover", "generation", "sync"].includes(subject)),
} as const satisfies Readonly<Record<string, readonly Subject[]>>

/**
 * Is all well? Everything that is not, for whoever asks; empty where all is. The one place that decides it.
 *
 * Unknown is never well: what cannot be told is a finding like what is wrong.
 */
export function findingsFor(asker: Asker, signs: Signs): readonly Finding[] {
  const asked: readonly Subject[] = ASKED[asker]
  return findingsOf(signs).filter(({ about }) => asked.includes(about))
}

function findingsOf({ status, agent, sync }: Signs): readonly Finding[] {
  const found = [
    ...(agent === null ? [] : agentFindings(agent)),
    ...keepalivedFindings(status),
    ...vrrpFindings(status),
    ...driftFindings(status),
    ...outcomeFindings(status),
    ...entryFindings(status),
    ...pinFindings(status, sync),
    ...(sync === null ? [] : syncFindings(sync)),
  ]
  return [...found, ...problemFindings(status, found)]
}

function agentFindings({ silence, lookAge, fault }: AgentSigns): readonly Finding[] {
  const dead = "what is said below is what it said last"
  if (silence.kind === "unknown")
    return [finding("agent", `Cannot tell whether the agent lives: ${silence.why}; ${dead}`)]
  if (silence.seconds > SILENT_SECONDS)
    return [finding("agent", `the agent has been silent for ${rounded(silence)} s; ${dead}`)]
  if (fault !== null) return [finding("agent", `the agent cannot write its status: ${fault}; ${dead}`)]
  if (lookAge.kind === "unknown")
    return [finding("agent", `Cannot tell when the agent last looked after keepalived: ${lookAge.why}`)]
  return lookAge.seconds > STUCK_SECONDS
    ? [finding("agent", `the agent lives, and has not looked after keepalived for ${rounded(lookAge)} s; ${dead}`)]
    : []
}

function keepalivedFindings({ keepalived, appliedSha256 }: Signs["status"]): readonly Finding[] {
  const runs = {
    running: [],
    "without-vrrp": [finding("keepalived", "keepalived's VRRP child process is not running")],
    stopped: [finding("keepalived", "keepalived is not running")],
    unknown: [finding("keepalived", "Cannot tell yet whether keepalived runs")],
  }[keepalived]
  return appliedSha256 === null
    ? [...runs, finding("configuration", "no configuration is known to be in effect")]
    : runs
}

function vrrpFindings({ vrrp, keepalived }: Signs["status"]): readonly Finding[] {
  if (vrrp.state === "init") return [finding("init", vrrpText(vrrp))]
  // Without keepalived there is none to ask.
  if (!isUnwell(vrrp) || (vrrp.state === "unknown" && keepalived !== "running")) return []
  const isWish = vrrp.state === "fault" && vrrp.reason?.startsWith(HANDOVER) === true
  return [finding(isWish ? "handover" : "vrrp", vrrpText(vrrp))]
}

function driftFindings({ drift, problems }: Signs["status"]): readonly Finding[] {
  const text = problems.find(({ code }) => code === "DRIFT")?.message ?? "the kernel differs from what is in effect"
  switch (drift) {
    case "none":
      return []
    case "found":
      return [finding("drift", text)]
    case "repaired":
      return [finding("repaired", text)]
    case "unknown":
      return [finding("drift", "the kernel has not been compared with what is in effect yet")]
  }
}

function outcomeFindings({ outcome, reason }: Signs["status"]): readonly Finding[] {
  if (outcome === "applied" || outcome === "unchanged") return []
  const text = `the last pass ended as ${outcome}${reason === null ? "" : `: ${reason}`}`
  return [finding(outcome === "stranded" ? "stranded" : "outcome", text)]
}

function entryFindings({ vips }: Signs["status"]): readonly Finding[] {
  return Object.entries(NOT_AS_WRITTEN).flatMap(([state, words]) => {
    const count = vips.filter((vip) => vip.state === state).length
    return count === 0 ? [] : [finding("entries", `${count} ${count === 1 ? "VIP is" : "VIPs are"} ${words}`)]
  })
}

const NOT_AS_WRITTEN = {
  held: "held in the last good form",
  partial: "announced in part",
  "left-out": "left out",
  pending: "not applied yet",
} as const satisfies Partial<Record<EntryState, string>>

function pinFindings({ pinned, observedGeneration }: Signs["status"], sync: SyncSigns | null): readonly Finding[] {
  if (pinned !== null) return [finding("pinned", `pinned to ${pinned}; "kkv resume" ends that`)]
  const published = sync?.published ?? null
  if (published === null || published === observedGeneration) return []
  const text = `stale: generation ${published} is published, the sidecar has read ${observedGeneration ?? "none"}`
  return [finding("generation", text)]
}

function syncFindings({ silence, sourceAge, fault, status }: SyncSigns): readonly Finding[] {
  const says = fault === null ? saysOf(status) : [finding("sync", `sync cannot write its volume: ${fault}`)]
  if (silence.kind === "unknown") return [...says, finding("sync", `Cannot tell whether sync lives: ${silence.why}`)]
  const frozen = "what runs goes on, and no change arrives"
  if (silence.seconds > SILENT_SECONDS)
    return [...says, finding("sync", `sync has been silent for ${rounded(silence)} s: ${frozen}`)]
  if (sourceAge.kind === "unknown")
    return [...says, finding("source", `Cannot tell how old the knowledge of the source is: ${sourceAge.why}`)]
  if (sourceAge.seconds <= STALE_SECONDS) return says
  const age = `the source was last read ${rounded(sourceAge)} s ago (expected at most ${STALE_SECONDS} s)`
  return [...says, finding("source", `${age}: ${frozen}`)]
}

function saysOf(status: SyncStatus | null): readonly Finding[] {
  if (status === null) return [finding("sync", "Cannot tell what sync made of its source: it has written no status")]
  switch (status.state) {
    case "published":
      return []
    case "held":
      return [finding("sync", "sync holds: its source has problems")]
    case "failed":
      return [finding("sync", "sync cannot write its volume: what runs goes on, and no change arrives")]
    case "waiting":
      return [finding("sync", "sync has published nothing yet")]
  }
}

/** What is wrong with the node itself, and whatever else nothing above has said. */
function problemFindings({ problems }: Signs["status"], found: readonly Finding[]): readonly Finding[] {
  const errors = problems.filter(({ severity }) => severity === "error")
  const own = errors.filter(({ code, place }) => place === null && !SAID.has(code))
  const said = found.some(({ about }) => ABOUT_INPUT.includes(about))
  const unsaid = own.length > 0 || said ? own : errors.filter(({ code }) => !SAID.has(code))
  if (unsaid.length === 0) return []
  const codes = [...new Set(unsaid.map(({ code }) => code))]
  return [finding("problems", `${codes.length === 1 ? "there is an error" : "there are errors"}: ${codes.join(", ")}`)]
}

/** Codes of problems that a finding of its own tells. */
const SAID: ReadonlySet<string> = new Set([
  "DRIFT",
  "CONFIG_REJECTED",
  "ROLLED_BACK",
  "STRANDED",
  "REFUSED_BY_KEEPALIVED",
])
const ABOUT_INPUT: readonly Subject[] = ["outcome", "stranded", "entries"]

function finding(about: Subject, text: string): Finding {
  return { about, text }
}

function rounded({ seconds }: Extract<Age, { kind: "age" }>): number {
  return Math.round(seconds)
}
