import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import type { ApplyOutcome } from "../apply/outcome.ts"
import { type Candidate, type InEffect, type Known, type Transition } from "./state.ts"
import type { Capture } from "../capture/capture.ts"
import { type DriftCheck, type Restored, VERIFIED } from "../effect/repair.ts"
import type { Interference } from "../effect/interference.ts"
import type { Differences } from "../effect/differences.ts"
import { guardOf, isTorn, type Refusals, type Observation } from "./observe.ts"
import { afterApplied, afterWaiting, announcing, type AppliedHistory } from "./history.ts"
import type { RunningKeepalived } from "../ports.ts"
import type { Roles } from "../vrrp/vrrp.ts"

/*
 * All changes of what the agent knows. Each is a pure function of the knowledge and an observation; times are milliseconds
 * of the agent's clock.
 */

/** @param drainTime Milliseconds for which a real server without an endpoint keeps its connections. */
export interface Moment {
  readonly now: number
  readonly drainTime: number
}

// --- observations of the inputs

/** Real servers whose drain time is over are gone. */
export function afterDrainTimes(now: number): Transition {
  return ({ history }) => ({ history: afterWaiting(history, now) })
}

/** The agent read the newest generation, and knows what it leads to. */
export function afterObservation(next: Observation, now: number): Transition {
  return ({ observation, endpointsLostSince, tornSince }) => {
    const torn = { tornSince: isTorn(next) ? (tornSince ?? now) : null }
    // A torn reading says nothing about the generation before it, which was whole.
    if (isTorn(next) && observation !== null && !isTorn(observation)) return torn
    const areLost = guardOf(next) === "endpoints-lost" || (next.kind === "candidate" && next.believesInLostEndpoints)
    return { ...torn, observation: next, endpointsLostSince: areLost ? (endpointsLostSince ?? now) : null }
  }
}

/** A generation that leads to the text in effect is in effect without an attempt. */
export function afterSameText(candidate: Candidate, inEffect: InEffect, moment: Moment): Transition {
  const { built, release, generation } = candidate
  return ({ history }) => ({
    inEffect: { ...inEffect, model: release.model, generation },
    history: afterApplied(history, { built, model: release.model }, moment),
  })
}

// --- attempts

/** From now on journal, file and process may differ from the configuration in effect. */
export function beforeSwap(): Partial<Known> {
  return { doubtful: true }
}

/** A Node may list a VIP soon after the VIP exists, and before the configuration is known to be in effect. */
export function beforeAttempt(model: KeepalivedModel): Transition {
  return ({ history }) => ({ ...beforeSwap(), history: announcing(history, model) })
}

/** How an attempt ended. */
export interface Attempt {
  readonly tried: Candidate
  readonly outcome: ApplyOutcome
  /** The keepalived that runs after the attempt. */
  readonly running: RunningKeepalived | null
  /** Whether `inEffect` was in doubt before the attempt: a refused file does not remove the doubt. */
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
        return { ...ended, attempted: tried.release.sha256, failures: 0, doubtful }
      case "rolled-back":
      case "stranded": {
        const failures = known.failures + 1
        const parent = running?.parent ?? known.parent
        // The previous configuration runs again after an interruption, so its soak restarts.
        const soakSince = known.soakSince === null ? null : moment.now
        const stranded = outcome.kind === "stranded"
        return { ...ended, attempted: tried.release.sha256, failures, doubtful: stranded, parent, soakSince }
      }
    }
  }
}

function afterGoodEnd(known: Known, { tried, outcome, running }: Attempt, moment: Moment): Partial<Known> {
  const { sha256, model } = tried.release
  // The soak of the previous configuration continues.
  const same = outcome.kind === "unchanged" && known.inEffect?.sha256 === sha256 ? known.inEffect : null
  const since = same?.since ?? moment.now
  const inEffect = { sha256, model, generation: tried.generation, since }
  const history = afterApplied(known.history, { built: tried.built, model }, moment)
  const good = { attempted: null, failures: 0, doubtful: false, drift: VERIFIED, inEffect, history }
  if (same !== null) return good
  return { ...good, parent: running?.parent ?? null, deaths: 0, soakSince: since, lastDifferences: null }
}

/** keepalived, or this node, cannot accept some entries. */
export function afterRefusals(refusals: Refusals): Transition {
  return () => ({ refusals })
}

/** A refused or failed text may be tried again. */
export function afterRetest(): Partial<Known> {
  return { attempted: null, refusals: null }
}

// --- going back

/** keepalived could not start with the last known good configuration. */
export function afterFailedStart({ failures }: Known): Partial<Known> {
  return { failures: failures + 1 }
}

/** The agent gave up the configuration in effect for the last known good one, with this outcome. */
export function afterGoingBack(outcome: ApplyOutcome): Transition {
  return ({ inEffect, failures }) => ({
    outcome,
    attempted: inEffect?.sha256 ?? null,
    failures: failures + 1,
    deaths: 0,
  })
}

/** The last known good configuration is in effect. */
export function afterTakeOver(
  inEffect: InEffect,
  history: AppliedHistory,
  running: RunningKeepalived | null,
): Transition {
  const settled = { drift: VERIFIED, doubtful: false, deaths: 0, soakSince: null, lastDifferences: null }
  return () => ({ ...settled, inEffect, history, running, parent: running?.parent ?? null })
}

// --- keepalived's process

export function afterProcessSeen(running: RunningKeepalived | null): Transition {
  return () => ({ running })
}

/** keepalived runs while something is in effect. */
export function afterAlive(running: RunningKeepalived, now: number): Transition {
  return ({ parent, soakSince }) => {
    // The soak may have begun in another process that no agent watched, so it restarts with this one.
    const isUnseen = parent === null && soakSince !== null
    return { missingSince: null, parent: running.parent, soakSince: isUnseen ? now : soakSince }
  }
}

export function afterMissing(now: number): Transition {
  return ({ missingSince }) => ({ missingSince: missingSince ?? now })
}

/** The agent started keepalived. */
export function afterRevival(): Partial<Known> {
  return { missingSince: null }
}

/** Another keepalived process replaced the known one. */
export function afterRestart(now: number): Transition {
  return ({ soakSince }) => ({ soakSince: soakSince === null ? null : now })
}

/** keepalived died soon after an apply. */
export function afterDeath({ deaths }: Known): Partial<Known> {
  return { deaths: deaths + 1 }
}

/** The soak continues from here, unless `afterSoak` ends it. */
export function afterSoakCheck(now: number): Transition {
  return () => ({ soakSince: now })
}

export function afterSoak(): Partial<Known> {
  return { soakSince: null }
}

export function afterRolesSeen(roles: Roles): Transition {
  return () => ({ roles })
}

// --- the kernel

/** The result of a comparison, and of the repair. */
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

/** Whether the missing entries are back: a restarted checker needs time to add all of them. */
export function isBack({ respawned }: Known, { check, restored }: Comparison): boolean {
  return restored === "set-right" || (check.difference === null && respawned)
}

/** The result of the previous comparison is not valid any more. */
export function afterFailedComparison(): Partial<Known> {
  return { drift: null }
}

export function afterInterference(interference: Interference): Transition {
  return () => ({ interference })
}

export function afterCaptures(captured: readonly Capture[]): Transition {
  return () => ({ captured })
}
