import { addressesOf } from "../../core/model/keepalived-model.ts"
import type { Refusal } from "../../core/model/refusal.ts"
import { backoffMs } from "../../kit/time/backoff.ts"
import type { Problem } from "../../kit/problem.ts"
import { RETRY, type Touches, type Workings } from "./ports.ts"
import { type AgentState, awaitsLan, type Candidate, due } from "./state.ts"
import {
  afterAttempt,
  afterDrainTimes,
  afterObservation,
  afterRefusals,
  afterSameText,
  beforeAttempt,
} from "./transitions.ts"
import { applyRelease } from "../apply/apply.ts"
import type { ApplyOutcome } from "../apply/outcome.ts"
import type { Refused } from "../apply/target.ts"
import { guardedBy } from "./guarded.ts"
import { type Trusting, trustLastKnownGood, startOnLastKnownGood } from "./fall-back.ts"
import { guardOf, observe, type Observation } from "./observe.ts"
import { nextDeadline } from "./history.ts"
import { reportHeld, reportPass } from "./pass-log.ts"
import { type Retrying, retryLater } from "./retry.ts"
import { noteUnreadable } from "./unreadable.ts"
import type { ModelCode } from "../../core/model/problem-codes.ts"

/** Looks at the inputs once, and requests the actions that follow. */
export async function observePass(workings: Workings): Promise<void> {
  const { state, ports } = workings
  state.become(afterDrainTimes(ports.clock.now()))
  const { history, refusals } = state.known()
  const next = await observe(ports, {
    history,
    refusals,
    guarded: guardedBy(workings),
    announced: announcedBy(workings),
  })
  // Knowledge from an attempt that ended meanwhile changes the text.
  if (state.known().history !== history || state.known().refusals !== refusals) return workings.requestObserve()
  const before = guardOf(state.known().observation)
  state.become(afterObservation(next, ports.clock.now()))
  if (next.kind === "no-model" && next.guard !== null && next.guard !== before) reportHeld(ports.log, next)
  takeAsApplied(workings)
  noteUnreadable(next, workings)
  wakeFor(next, workings)
  if (due(state.known()) !== null || state.known().inEffect === null) workings.requestApply()
  ports.onChange(state.known())
}

/** The VIPs that run, or once ran, on this node: the LAN is not asked for a VIP that is already announced. */
function announcedBy({ state, ports }: Touches<"state", "lastKnownGood">): ReadonlySet<string> {
  const { inEffect, history } = state.known()
  const models = [inEffect?.model, ports.lastKnownGood()?.record.model].filter((model) => model !== undefined)
  const good = [...history.lastGood.values()].map(({ vip }) => vip.address)
  return new Set([...models.flatMap(addressesOf), ...good])
}

function wakeFor(
  next: Observation,
  { state, ports, timers, requestObserve }: Retrying & Touches<never, "clock">,
): void {
  // The cause may be this machine: an interface that appears sends no notification.
  if (next.kind === "no-model") timers.set("no-model", NO_MODEL_RETRY_MS, requestObserve)
  // Another program that removes what it has sends no notification.
  if (next.kind === "candidate" && next.built.problems.some(isOfOthers))
    timers.set("others", OTHERS_RETRY_MS, requestObserve)
  const deadline = nextDeadline(state.known().history)
  if (Number.isFinite(deadline)) timers.set("drained", deadline - ports.clock.now() + 1, requestObserve)
}

function isOfOthers({ code }: Problem<ModelCode>): boolean {
  return code === "ADDRESS_ON_HOST" || code === "VIRTUAL_SERVER_ON_HOST"
}

/** A generation that leads to the text in effect is in effect without an attempt. */
function takeAsApplied({ state, ports, options }: Touches<"state" | "options", "clock" | "onApplied" | "log">): void {
  const { observation, inEffect, doubtful } = state.known()
  if (observation?.kind !== "candidate" || inEffect === null || doubtful) return
  const { release, generation } = observation
  if (release.sha256 !== inEffect.sha256 || inEffect.generation?.name === generation.name) return
  state.become(afterSameText(observation, inEffect, { now: ports.clock.now(), drainTime: options.drainTimeMs }))
  const known = state.known()
  if (known.inEffect !== null) ports.onApplied(known.inEffect, known.history)
  reportPass(ports.log, observation, { outcome: { kind: "unchanged" }, tookMs: 0 })
}

/**
 * Applies the newest candidate. If an earlier attempt has brought it into effect since the request, there
 * is nothing to do.
 *
 * @returns the cost in ms.
 */
export async function applyPass(workings: Workings): Promise<number> {
  const { state, ports, requestObserve } = workings
  const newest = due(state.known())
  const cost = newest === null ? 0 : await attempt(newest, workings)
  if (state.known().inEffect === null && !awaitsLan(state.known())) await startOnLastKnownGood(workings)
  ports.onChange(state.known())
  if (newest !== null) requestObserve()
  return cost
}

async function attempt(newest: Candidate, workings: Workings): Promise<number> {
  const { state, ports, options, timers } = workings
  const startedAt = ports.clock.now()
  const { doubtful, running: before } = state.known()
  timers.clear("retry")
  const { tried, outcome } = await applyWithoutRefused(newest, workings)
  const now = ports.clock.now()
  const running = await ports.keepalived.running()
  const time = { now, drainTime: options.drainTimeMs }
  state.become(afterAttempt({ tried, outcome, running, doubtful }, time))
  await follow(outcome, workings)
  ports.onAttempt(outcome, now - startedAt)
  reportPass(ports.log, tried, { outcome, tookMs: now - startedAt })
  // A start is not a reload, and after a failure the next change may be the repair: neither delays the next change.
  return before !== null && outcome.kind === "applied" ? now - startedAt - outcome.waitedMs : 0
}

async function follow(
  outcome: ApplyOutcome,
  workings: Trusting & Retrying & Touches<"options", "lastKnownGood" | "settle" | "random">,
): Promise<void> {
  const { state, ports } = workings
  const { inEffect, history, failures } = state.known()
  switch (outcome.kind) {
    case "unchanged":
    case "applied":
      if (inEffect !== null) ports.onApplied(inEffect, history)
      return
    case "rejected":
      return
    case "rolled-back": {
      // Without a configuration in effect, there was only one to go back to.
      const good = inEffect === null ? ports.lastKnownGood() : null
      if (good !== null) await trustLastKnownGood(good, workings)
      // A VIP that was claimed and is gone again belongs to no program: another may take it before the next attempt.
      if (inEffect !== null) await ports.settle(inEffect)
      return retryLater(backoffMs(RETRY, failures, ports.random()), workings)
    }
    case "stranded":
      return retryLater(backoffMs(RETRY, failures, ports.random()), workings)
  }
}

/** Holds the entries that this node cannot accept and tries again without them: a bad entry never blocks the others. */
async function applyWithoutRefused(
  newest: Candidate,
  workings: Workings,
): Promise<{ readonly tried: Candidate; readonly outcome: ApplyOutcome }> {
  const { state, ports } = workings
  let tried = newest
  for (let left = MOST_REFUSALS; ; left--) {
    state.become(beforeAttempt(tried.release.model))
    const outcome = await applyRelease(tried.release, state.known().inEffect, ports.applyPorts)
    if (outcome.kind !== "rejected" || left === 0 || !recordRefused(tried, outcome, state)) return { tried, outcome }
    await observePass(workings)
    const again = due(state.known())
    if (again === null || again === tried) return { tried, outcome }
    tried = again
  }
}

/** Maximum attempts, because keepalived may name one entry at a time. */
const MOST_REFUSALS = 10

/** @returns whether an entry is refused for the first time, or for another cause. */
function recordRefused({ generation }: Candidate, { refused }: Refused, state: AgentState): boolean {
  const { manifestSha256 } = generation
  const { refusals } = state.known()
  const before = refusals?.manifestSha256 === manifestSha256 ? refusals.entries : new Map<string, Refusal>()
  if ([...refused].every(([key, { code }]) => before.get(key)?.code === code)) return false
  state.become(afterRefusals({ manifestSha256, entries: new Map([...before, ...refused]) }))
  return true
}

const NO_MODEL_RETRY_MS = 5_000
const OTHERS_RETRY_MS = 15_000
