import type { Problem } from "../kit/problem.ts"
import type { EntryState } from "./entry-state.ts"
import { type Age, SILENT_SECONDS } from "./heartbeat.ts"
import type { AgentSigns, Signs, SyncSigns } from "./signs.ts"
import type { Status } from "./status.ts"
import type { SyncStatus } from "./sync-status.ts"
import { isHandover, isUnwell, vrrpText } from "./vrrp.ts"

/**
 * Maximum age of what sync knows about its source, in seconds. The API server sends a bookmark every minute, and sync replaces a
 * watch that is silent for two minutes, so older knowledge means a fault.
 */
export const STALE_SECONDS = 150
/** Maximum time between two checks of keepalived by the agent, in seconds; even the slowest apply takes less. */
export const STUCK_SECONDS = 120

/** The subject of a finding. */
export type Subject = (typeof SUBJECTS)[number]
export const SUBJECTS = [
  /** The agent is silent or stuck, or it is unknown whether it is alive. */
  "agent",
  "keepalived",
  /** No configuration is known to be in effect. */
  "configuration",
  /** VRRP is in FAULT, or its state on this node is unknown. */
  "vrrp",
  /** The node is in FAULT on purpose: it hands its VIPs over. */
  "handover",
  /** VRRP has only just started. */
  "init",
  /** The kernel differs from the configuration in effect, or has not been compared yet. */
  "drift",
  /** The kernel differed, the sidecar repaired it, and has not compared it since. */
  "repaired",
  /** Neither the newest nor the last good configuration works. */
  "stranded",
  /** The newest configuration is not in effect. */
  "outcome",
  /** Entries of the ConfigMap are not in effect as written. */
  "entries",
  /** Problems of severity error that no other finding covers. */
  "problems",
  /** A user holds an older generation in place. */
  "pinned",
  /** A user keeps this node from holding VIPs. */
  "drained",
  /** The agent has not read the newest generation. */
  "generation",
  /** sync is silent or does not publish, or its state is unknown. */
  "sync",
  /** What sync knows is too old, or its age is unknown. */
  "source",
] as const

export interface Finding {
  readonly about: Subject
  /** One line for people. */
  readonly text: string
}

/**
 * Who asks "is all well", and about which subjects. `status`: everything. `health`: whether this node does its part now, for
 * `/health`. `ready`: whether it serves a verified configuration, for `/readyz`. A refused newer configuration does not matter
 * there: every node refuses it alike, and unready nodes would block the rollout that repairs it. `report`: whether the newest
 * ConfigMap is in effect on this node, for the VipReport; its sync reports on itself.
 */
export type Asker = keyof typeof ASKED
const ASKED = {
  status: SUBJECTS,
  health: ["agent", "keepalived", "configuration", "vrrp", "handover", "drift"],
  ready: ["keepalived", "configuration", "vrrp", "handover", "stranded"],
  report: SUBJECTS.filter((subject) => !["repaired", "handover", "drained", "generation", "sync"].includes(subject)),
} as const satisfies Readonly<Record<string, readonly Subject[]>>

/**
 * Is all well? Gives everything that is not, for the given asker; empty if all is well. No other code decides this.
 *
 * Unknown is never well: an unknown state is a finding too.
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
    ...drainFindings(status),
    ...pinFindings(status, sync),
    ...(sync === null ? [] : syncFindings(sync)),
  ]
  return [...found, ...problemFindings(status, found)]
}

function agentFindings({ silence, lookAge, fault }: AgentSigns): readonly Finding[] {
  const dead = "the status below is its last report"
  if (silence.kind === "unknown")
    return [finding("agent", `Cannot tell whether the agent lives: ${silence.why}; ${dead}`)]
  if (silence.seconds > SILENT_SECONDS)
    return [finding("agent", `the agent has been silent for ${rounded(silence)} s; ${dead}`)]
  if (fault !== null) return [finding("agent", `the agent cannot write its status: ${fault}; ${dead}`)]
  if (lookAge.kind === "unknown")
    return [finding("agent", `Cannot tell when the agent last checked keepalived: ${lookAge.why}`)]
  return lookAge.seconds > STUCK_SECONDS
    ? [finding("agent", `the agent is alive, but has not checked keepalived for ${rounded(lookAge)} s; ${dead}`)]
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
  // Without keepalived the state is always unknown.
  const runs = keepalived === "running"
  if (vrrp.length === 0 && runs) return [finding("vrrp", "No VRRP instance is known")]
  return vrrp.flatMap((one) => {
    const text = vrrpText(one, vrrp.length)
    if (one.state === "init") return [finding("init", text)]
    if (!isUnwell(one) || (one.state === "unknown" && !runs)) return []
    return [finding(isHandover(one) ? "handover" : "vrrp", text)]
  })
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
      return [finding("drift", "the kernel has not been compared with the configuration in effect yet")]
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

function drainFindings({ drained = null, vrrp }: Signs["status"]): readonly Finding[] {
  if (drained === null) return []
  const isMaster = vrrp.some(({ state }) => state === "master")
  const what = isMaster
    ? 'it is master all the same, because no other node announced the VIPs; when one can, "kkv drain" hands them over again'
    : "it takes the VIPs only if no other node announces them"
  return [finding("drained", `drained since ${drained.since} (${drained.reason}): ${what}; "kkv resume" ends that`)]
}

function syncFindings({ silence, sourceAge, fault, status }: SyncSigns): readonly Finding[] {
  const says = fault === null ? saysOf(status) : [finding("sync", `sync cannot write its volume: ${fault}`)]
  if (silence.kind === "unknown") return [...says, finding("sync", `Cannot tell whether sync lives: ${silence.why}`)]
  const frozen = "the running configuration stays, and no change arrives"
  if (silence.seconds > SILENT_SECONDS)
    return [...says, finding("sync", `sync has been silent for ${rounded(silence)} s: ${frozen}`)]
  if (sourceAge.kind === "unknown")
    return [...says, finding("source", `Cannot tell how old sync's knowledge of its source is: ${sourceAge.why}`)]
  if (sourceAge.seconds <= STALE_SECONDS) return says
  const age = `the source was last read ${rounded(sourceAge)} s ago (expected at most ${STALE_SECONDS} s)`
  return [...says, finding("source", `${age}: ${frozen}`)]
}

function saysOf(status: SyncStatus | null): readonly Finding[] {
  if (status === null) return [finding("sync", "Cannot tell the state of sync: it has not written a status")]
  switch (status.state) {
    case "published":
      if (!status.problems.some(({ severity }) => severity === "error")) return []
      return [finding("sync", "sync holds a part of what it publishes: its source has problems")]
    case "held":
      return [finding("sync", "sync holds the last good generation: its source has problems")]
    case "failed":
      return [finding("sync", "sync cannot write its volume: the running configuration stays, and no change arrives")]
    case "waiting":
      return [finding("sync", "sync has published nothing yet")]
  }
}

/** Errors of the node itself, and all errors that no other finding covers. */
function problemFindings({ problems }: Signs["status"], found: readonly Finding[]): readonly Finding[] {
  const errors = problems.filter(({ severity }) => severity === "error")
  const own = nodeProblems({ problems })
  const said = found.some(({ about }) => ABOUT_INPUT.includes(about))
  const unsaid = own.length > 0 || said ? own : errors.filter(({ code }) => !SAID.has(code))
  if (unsaid.length === 0) return []
  const codes = [...new Set(unsaid.map(({ code }) => code))]
  return [finding("problems", `${codes.length === 1 ? "there is an error" : "there are errors"}: ${codes.join(", ")}`)]
}

/** Errors of the node itself that no other finding covers: they have no place in an input. */
export function nodeProblems({ problems }: Pick<Status, "problems">): readonly Problem<string>[] {
  return problems.filter(({ code, severity, place }) => severity === "error" && place === null && !SAID.has(code))
}

/** Codes of problems that have their own finding. */
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
