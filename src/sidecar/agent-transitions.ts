import type { KeepalivedModel } from "../core/model/keepalived-model.ts"
import type { ApplyOutcome } from "./apply/outcome.ts"
import { type Candidate, type InEffect, type Known, type Transition } from "./agent-state.ts"
import type { Capture } from "./capture/capture.ts"
import { type DriftCheck, type Restored, VERIFIED } from "./drift.ts"
import type { Interference } from "./interference.ts"
import type { Differences } from "./keepalived/effect.ts"
import { guardOf, isTorn, type Refusals, type Seen } from "./look.ts"
import { afterApplied, afterWaiting, announcing, type Memory } from "./memory.ts"
import type { RunningKeepalived } from "./ports.ts"
import type { Vrrp } from "./vrrp/vrrp.ts"

/*
 * All changes of what the agent knows. Each is a pure function of what is known and of what was seen; times are milliseconds
 * of the agent's clock.
 */

/** @param drainTime Milliseconds that a real server without an endpoint keeps its connections. */
export interface Moment {
  readonly now: number
  readonly drainTime: number
}

// --- what is seen of the inputs

/** Real servers whose drain time is over are gone. */
export function afterDrainTimes(now: number): Transition {
  return ({ memory }) => ({ memory: afterWaiting(memory, now) })
}

/** The newest generation was read, and what it leads to is known. */
export function afterLook(next: Seen, now: number): Transition {
  return ({ seen, endpointsLostSince, tornSince }) => {
    const torn = { tornSince: isTorn(next) ? (tornSince ?? now) : null }
    // A torn reading says nothing about the generation before it, which was whole.
    if (isTorn(next) && seen !== null && !isTorn(seen)) return torn
    const areLost = guardOf(next) === "endpoints-lost" || (next.kind === "candidate" && next.believesInLostEndpoints)
    return { ...torn, seen: next, endpointsLostSince: areLost ? (endpointsLostSince ?? now) : null }
  }
}

/** A generation that leads to the text in effect is in effect, without any attempt. */
export function afterSameText(candidate: Candidate, inEffect: InEffect, moment: Moment): Transition {
  const { built, rendered, generation } = candidate
  return ({ memory }) => ({
    inEffect: { ...inEffect, model: rendered.model, generation },
    memory: afterApplied(memory, { built, model: rendered.model }, moment),
  })
}

// --- attempts

/** From now on journal, file and process may not be those of what is in effect. */
export function beforeSwap(): Partial<Known> {
  return { doubtful: true }
}

/** A Node may list a VIP a moment after it is there, and before anything is known to be in effect. */
export function beforeAttempt(model: KeepalivedModel): Transition {
  return ({ memory }) => ({ ...beforeSwap(), memory: announcing(memory, model) })
}

/** How an attempt ended. */
export interface Attempt {
  readonly tried: Candidate
  readonly outcome: ApplyOutcome
  /** keepalived after it. */
  readonly running: RunningKeepalived | null
  /** Whether there was doubt before it began: a refused file takes none away. */
  readonly doubtful: boolean
}

export function afterAttempt(attempt: Attempt, moment: Moment): Transition {
  const { tried, outcome, running, doubtful } = attempt
  const ended = { outcome, running }
  return (known) => {
    switch (outcome.kind) {
      case "unchanged":
      case "applied":
        return { ...ended, ...afterGoodEnd(known, attempt, moment) }
      case "rejected":
        return { ...ended, attempted: tried.rendered.sha256, failures: 0, doubtful }
      case "rolled-back":
      case "stranded": {
        const failures = known.failures + 1
        const parent = running?.parent ?? known.parent
        // What it went back to has run with a break: its soak begins anew.
        const soakSince = known.soakSince === null ? null : moment.now
        const stranded = outcome.kind === "stranded"
        return { ...ended, attempted: tried.rendered.sha256, failures, doubtful: stranded, parent, soakSince }
      }
    }
  }
}

function afterGoodEnd(known: Known, { tried, outcome, running }: Attempt, moment: Moment): Partial<Known> {
  const { sha256, model } = tried.rendered
  // What ran before goes on with its soak.
  const same = outcome.kind === "unchanged" && known.inEffect?.sha256 === sha256 ? known.inEffect : null
  const since = same?.since ?? moment.now
  const inEffect = { sha256, model, generation: tried.generation, since }
  const memory = afterApplied(known.memory, { built: tried.built, model }, moment)
  const good = { attempted: null, failures: 0, doubtful: false, drift: VERIFIED, inEffect, memory }
  if (same !== null) return good
  return { ...good, parent: running?.parent ?? null, deaths: 0, soakSince: since, lastDifferences: null }
}

/** keepalived, or this node, cannot take some entries. */
export function afterRefusals(refusals: Refusals): Transition {
  return () => ({ refusals })
}

/** The candidate without the refused entries. Something newer may have been seen meanwhile. */
export function afterWalkWithout(refused: Candidate, again: Candidate): Transition {
  return ({ seen }) => (seen === refused ? { seen: again } : {})
}

/** What was refused or failed may be tried again. */
export function afterRetest(): Partial<Known> {
  return { attempted: null, refusals: null }
}

// --- going back

/** The last known good configuration could not be started on. */
export function afterFailedStart({ failures }: Known): Partial<Known> {
  return { failures: failures + 1 }
}

/** What is in effect was given up for the last known good configuration, with this outcome. */
export function afterGoingBack(outcome: ApplyOutcome): Transition {
  return ({ inEffect, failures }) => ({
    outcome,
    attempted: inEffect?.sha256 ?? null,
    failures: failures + 1,
    deaths: 0,
  })
}

/** The last known good configuration is in effect. */
export function afterTakeOver(inEffect: InEffect, memory: Memory, running: RunningKeepalived | null): Transition {
  const settled = { drift: VERIFIED, doubtful: false, deaths: 0, soakSince: null, lastDifferences: null }
  return () => ({ ...settled, inEffect, memory, running, parent: running?.parent ?? null })
}

// --- keepalived's process

export function afterProcessSeen(running: RunningKeepalived | null): Transition {
  return () => ({ running })
}

/** keepalived runs while something is in effect. */
export function afterAlive(running: RunningKeepalived, now: number): Transition {
  return ({ parent, soakSince }) => {
    // Nobody saw the process in which the soak began: this may be another, so the soak begins with it.
    const isUnseen = parent === null && soakSince !== null
    return { missingSince: null, parent: running.parent, soakSince: isUnseen ? now : soakSince }
  }
}

export function afterMissing(now: number): Transition {
  return ({ missingSince }) => ({ missingSince: missingSince ?? now })
}

/** The agent had it started. */
export function afterRevival(): Partial<Known> {
  return { missingSince: null }
}

/** Another keepalived has taken its place. */
export function afterRestart(now: number): Transition {
  return ({ soakSince }) => ({ soakSince: soakSince === null ? null : now })
}

/** keepalived died soon after an apply. */
export function afterDeath({ deaths }: Known): Partial<Known> {
  return { deaths: deaths + 1 }
}

/** The soak goes on from here, unless its end is told. */
export function afterSoakCheck(now: number): Transition {
  return () => ({ soakSince: now })
}

export function afterSoak(): Partial<Known> {
  return { soakSince: null }
}

export function afterRoleSeen(vrrp: Vrrp): Transition {
  return () => ({ vrrp })
}

// --- the kernel

/** What a comparison found, and what was done about it. */
export interface Comparison {
  readonly check: DriftCheck
  readonly found: Differences | null
  readonly restored: Restored
}

export function afterComparison(comparison: Comparison): Transition {
  const { check, found, restored } = comparison
  return (known) => ({
    drift: check,
    lastDifferences: found,
    respawned: isBack(known, comparison) ? false : known.respawned || restored === "respawned",
  })
}

/** Whether what was missing is there again: a checker that was started anew takes its time to bring everything back. */
export function isBack({ respawned }: Known, { check, restored }: Comparison): boolean {
  return restored === "set-right" || (check.difference === null && respawned)
}

/** What the comparison before has found is not known any more. */
export function afterFailedComparison(): Partial<Known> {
  return { drift: null }
}

export function afterInterference(interference: Interference): Transition {
  return () => ({ interference })
}

export function afterCaptureLook(captured: readonly Capture[]): Transition {
  return () => ({ captured })
}
