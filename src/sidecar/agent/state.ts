import { vipsOf } from "../../core/model/keepalived-model.ts"
import type { Effective } from "../apply/release.ts"
import type { ApplyOutcome } from "../apply/outcome.ts"
import type { DriftCheck } from "../effect/repair.ts"
import { type Interference, NO_INTERFERENCE } from "../effect/interference.ts"
import type { Capture } from "../capture/capture.ts"
import type { Differences } from "../effect/differences.ts"
import type { Refusals, Observation } from "./observe.ts"
import type { AppliedHistory } from "./history.ts"
import type { Generation, ProcessIdentity, RunningKeepalived } from "../ports.ts"
import { NO_ROLES, NOT_SEEN, type Roles, type Vrrp } from "../vrrp/vrrp.ts"

/** The running configuration, and since when it is known to run. */
export interface InEffect extends Effective {
  /** Null for a configuration that was adopted or restored without its generation. */
  readonly generation: Generation | null
  readonly since: number
}

/** Everything that is known about the agent at one moment. Status, metrics and probes are made from it. */
export interface Snapshot {
  readonly observation: Observation | null
  /** How the last attempt to apply ended. */
  readonly outcome: ApplyOutcome | null
  readonly inEffect: InEffect | null
  readonly running: RunningKeepalived | null
  /** The states of VRRP's instances on this node, as keepalived reports them. */
  readonly roles: Roles
  readonly drift: DriftCheck | null
  /** Whether another program changes our entries in IPVS. */
  readonly interference?: Interference
  /** Rules that come before IPVS, as the last search found them; absent before the first search. */
  readonly captured?: readonly Capture[]
  readonly history: AppliedHistory
}

/** The state of a VRRP instance on this node; unknown before the first look at it. */
export function roleOf({ roles }: Pick<Snapshot, "roles">, instance: string): Vrrp {
  return roles.get(instance) ?? NOT_SEEN
}

export type Candidate = Extract<Observation, { readonly kind: "candidate" }>

/** The snapshot, and what only the agent itself needs. Times are milliseconds of its clock. */
export interface Known extends Snapshot {
  readonly interference: Interference
  readonly refusals: Refusals | null
  /** The text that was tried last and is not in effect; null when it may be tried again, or no text was tried. */
  readonly attempted: string | null
  /** Consecutive attempts that failed for a temporary reason. */
  readonly failures: number
  /** True from the swap until it succeeds: meanwhile journal, file and process may differ from `inEffect`. */
  readonly doubtful: boolean
  /** The keepalived in which the effect was last verified. If another one runs, this one died. */
  readonly parent: ProcessIdentity | null
  readonly missingSince: number | null
  /** Number of times keepalived died soon after the last apply. */
  readonly deaths: number
  /** Start of the current soak; null when no soak runs. */
  readonly soakSince: number | null
  readonly lastDifferences: Differences | null
  /** True from the restart of the checker until everything is back in the kernel. */
  readonly respawned: boolean
  /** Time since which the endpoints of most virtual servers are gone; null while they are present. */
  readonly endpointsLostSince: number | null
  /** Time since which the published generation disagrees with its checksums; null while it agrees. */
  readonly tornSince: number | null
}

/** A change of what is known. Returns the fields that change. All transitions are in transitions.ts. */
export type Transition = (known: Known) => Partial<Known>

/** The only mutable state. */
export interface AgentState {
  known(): Known
  become(next: Transition): void
}

/** The configuration that runs already. */
export interface Start {
  readonly inEffect: InEffect | null
  readonly history: AppliedHistory
}

/** @param start Its soak starts again, because no agent watched it to the end. */
export function createAgentState(start: Start): AgentState {
  let known: Known = {
    ...start,
    ...{ observation: null, outcome: null, running: null, roles: NO_ROLES, drift: null },
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

/** The configuration to apply; null when the newest is in effect, was tried without success, or does not exist. */
export function due(known: Known): Candidate | null {
  const { observation, inEffect, attempted, doubtful } = known
  if (observation?.kind !== "candidate" || awaitsLan(known)) return null
  const { sha256 } = observation.release
  if (sha256 === inEffect?.sha256 && !doubtful) return null
  return sha256 === attempted ? null : observation
}

/**
 * Whether the first configuration on this node waits: keepalived does not run yet, and the agent asks the LAN about all its VIPs.
 * The answer takes some seconds. A start without any VIP would need a reload right after it.
 */
export function awaitsLan({
  observation,
  inEffect,
  running,
}: Pick<Known, "observation" | "inEffect" | "running">): boolean {
  if (observation?.kind !== "candidate" || inEffect !== null || running !== null) return false
  return (
    vipsOf(observation.release.model).length === 0 && observation.built.entries.some(({ state }) => state === "pending")
  )
}

export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startTime === b.startTime
}
