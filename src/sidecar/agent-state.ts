import type { Effective } from "./apply/outcome.ts"
import type { ApplyOutcome } from "./apply/outcome.ts"
import type { DriftCheck } from "./drift.ts"
import { type Interference, NO_INTERFERENCE } from "./interference.ts"
import type { Capture } from "./capture/capture.ts"
import type { Differences } from "./keepalived/effect.ts"
import type { Refusals, Seen } from "./look.ts"
import type { Memory } from "./memory.ts"
import type { Generation, ProcessIdentity, RunningKeepalived } from "./ports.ts"
import { NOT_SEEN, type Vrrp } from "./vrrp/vrrp.ts"

/** What runs, and since when it is known to. */
export interface InEffect extends Effective {
  /** Null for one that was adopted or restored without its generation. */
  readonly generation: Generation | null
  readonly since: number
}

/** Everything there is to know about the agent at one moment; what is shown anywhere is made from this. */
export interface Snapshot {
  readonly seen: Seen | null
  /** How the last attempt to apply something ended. */
  readonly outcome: ApplyOutcome | null
  readonly inEffect: InEffect | null
  readonly running: RunningKeepalived | null
  /** What VRRP made of this node, as keepalived says. */
  readonly vrrp: Vrrp
  readonly drift: DriftCheck | null
  /** Whether somebody else changes what is ours in IPVS. */
  readonly interference?: Interference
  /** What the last look for rules that come before IPVS has found; absent before the first. */
  readonly captured?: readonly Capture[]
  readonly memory: Memory
}

export type Candidate = Extract<Seen, { readonly kind: "candidate" }>

/** The snapshot, and what only the agent itself needs to know. Times are milliseconds of its clock. */
export interface Known extends Snapshot {
  readonly interference: Interference
  readonly refusals: Refusals | null
  /** The text that was tried last and is not in effect; null when it may be tried again, or none was. */
  readonly attempted: string | null
  /** Attempts in a row that failed for a reason that may pass. */
  readonly failures: number
  /** True from the swap to its good end: journal, file and process may not be those of `inEffect`. */
  readonly doubtful: boolean
  /** The keepalived in which the effect was seen last; another one in its place means that it died. */
  readonly parent: ProcessIdentity | null
  readonly missingSince: number | null
  /** Deaths of keepalived soon after the last apply. */
  readonly deaths: number
  /** When the soak under way began; null when there is none. */
  readonly soakSince: number | null
  readonly lastDifferences: Differences | null
  /** True from the moment when the checker was started anew until everything was seen to be back. */
  readonly respawned: boolean
  /** Since when it is seen that the endpoints of most virtual servers are gone; null while they are not. */
  readonly endpointsLostSince: number | null
  /** Since when what is published disagrees with its checksums; null while it does not. */
  readonly tornSince: number | null
}

/** A change of what is known. It gives the fields that are others afterwards. All of them are in agent-transitions.ts. */
export type Transition = (known: Known) => Partial<Known>

/** The one place that changes. */
export interface AgentState {
  known(): Known
  become(next: Transition): void
}

/** @param start what runs already. It soaks from the beginning: nobody watched it to the end. */
export function createAgentState(start: { readonly inEffect: InEffect | null; readonly memory: Memory }): AgentState {
  let known: Known = {
    ...start,
    ...{ seen: null, outcome: null, running: null, vrrp: NOT_SEEN, drift: null },
    interference: NO_INTERFERENCE,
    ...{ refusals: null, attempted: null, failures: 0, doubtful: false },
    ...{
      parent: null,
      missingSince: null,
      deaths: 0,
      lastDifferences: null,
      respawned: false,
      endpointsLostSince: null,
      tornSince: null,
    },
    soakSince: start.inEffect?.since ?? null,
  }
  return {
    known: () => known,
    become: (next) => {
      known = { ...known, ...next(known) }
    },
  }
}

/** What is to be applied; null when the newest is in effect, or was tried in vain, or there is none. */
export function due(known: Known): Candidate | null {
  const { seen, inEffect, attempted, doubtful } = known
  if (seen?.kind !== "candidate" || awaitsLan(known)) return null
  const { sha256 } = seen.rendered
  if (sha256 === inEffect?.sha256 && !doubtful) return null
  return sha256 === attempted ? null : seen
}

/**
 * Whether the first configuration on this node waits: nothing runs, and the LAN is being asked for all that it would announce. It
 * has answered within some seconds; a start without any VIP would have to be followed by a reload.
 */
export function awaitsLan({ seen, inEffect, running }: Pick<Known, "seen" | "inEffect" | "running">): boolean {
  if (seen?.kind !== "candidate" || inEffect !== null || running !== null) return false
  return seen.rendered.model.vips.length === 0 && seen.built.entries.some(({ state }) => state === "pending")
}

export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startTime === b.startTime
}
