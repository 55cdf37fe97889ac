import type { Refusal } from "../../core/model/refusal.ts"
import { backoffMs } from "../../kit/time/backoff.ts"
import type { Problem } from "../../kit/problem.ts"
import { RETRY, type Workings } from "./ports.ts"
import { awaitsLan, type Candidate, due } from "./state.ts"
import {
  afterAttempt,
  afterDrainTimes,
  afterLook,
  afterRefusals,
  afterSameText,
  afterWalkWithout,
  beforeAttempt,
} from "./transitions.ts"
import { apply } from "../apply/apply.ts"
import type { ApplyOutcome } from "../apply/outcome.ts"
import { culpritsOf } from "../keepalived/refused-entries.ts"
import { guardingOf } from "./guards.ts"
import { believeInKnownGood, startOnKnownGood } from "./fall-back.ts"
import { guardOf, look, type Refusals, type Seen, walk } from "./observe.ts"
import { nextDeadline } from "./history.ts"
import { reportHeld, reportPass } from "./pass-log.ts"
import { retryLater } from "./retry.ts"
import { noteUnreadable } from "./unreadable.ts"

/** Looks at the inputs once, and requests the actions that follow. */
export async function lookPass(workings: Workings): Promise<void> {
  const { state, ports } = workings
  state.become(afterDrainTimes(ports.clock.now()))
  const { memory, refusals } = state.known()
  const next = await look(ports, { memory, refusals, guarding: guardingOf(workings), announced: announcedBy(workings) })
  // Knowledge from an attempt that ended meanwhile changes the text.
  if (state.known().memory !== memory || state.known().refusals !== refusals) return workings.look()
  const before = guardOf(state.known().seen)
  state.become(afterLook(next, ports.clock.now()))
  if (next.kind === "no-model" && next.guard !== null && next.guard !== before) reportHeld(ports.log, next)
  takeAsApplied(workings)
  noteUnreadable(next, workings)
  wakeFor(next, workings)
  if (due(state.known()) !== null || state.known().inEffect === null) workings.apply()
  ports.onChange(state.known())
}

/** The VIPs that run, or once ran, on this node: the LAN is not asked for a VIP that is already announced. */
function announcedBy({ state, ports }: Workings): ReadonlySet<string> {
  const { inEffect, memory } = state.known()
  const running = inEffect?.model.vips ?? []
  const lastRan = ports.knownGood()?.remembered.model.vips ?? []
  const good = [...memory.lastGood.values()].map(({ vip }) => vip)
  return new Set([...running, ...lastRan, ...good].map(({ address }) => address))
}

function wakeFor(next: Seen, { state, ports, timers, look }: Workings): void {
  // The cause may be this machine: an interface that appears sends no notification.
  if (next.kind === "no-model") timers.set("no-model", NO_MODEL_RETRY_MS, look)
  // Another program that removes what it has sends no notification.
  if (next.kind === "candidate" && next.built.problems.some(isOfOthers)) timers.set("others", OTHERS_RETRY_MS, look)
  const deadline = nextDeadline(state.known().memory)
  if (Number.isFinite(deadline)) timers.set("drained", deadline - ports.clock.now() + 1, look)
}

function isOfOthers({ code }: Problem): boolean {
  return code === "ADDRESS_ON_HOST" || code === "VIRTUAL_SERVER_ON_HOST"
}

/** A generation that leads to the text in effect is in effect without an attempt. */
function takeAsApplied({ state, ports, options }: Workings): void {
  const { seen, inEffect, doubtful } = state.known()
  if (seen?.kind !== "candidate" || inEffect === null || doubtful) return
  const { rendered, generation } = seen
  if (rendered.sha256 !== inEffect.sha256 || inEffect.generation?.name === generation.name) return
  state.become(afterSameText(seen, inEffect, { now: ports.clock.now(), drainTime: options.drainTimeMs }))
  const known = state.known()
  if (known.inEffect !== null) ports.onApplied(known.inEffect, known.memory)
  reportPass(ports.log, seen, { outcome: { kind: "unchanged" }, tookMs: 0 })
}

/**
 * Applies the newest candidate. If an earlier attempt has brought it into effect since the request, there
 * is nothing to do.
 *
 * @returns the cost in ms.
 */
export async function applyPass(workings: Workings): Promise<number> {
  const { state, ports, look } = workings
  const newest = due(state.known())
  const cost = newest === null ? 0 : await attempt(newest, workings)
  if (state.known().inEffect === null && !awaitsLan(state.known())) await startOnKnownGood(workings)
  ports.onChange(state.known())
  if (newest !== null) look()
  return cost
}

async function attempt(newest: Candidate, workings: Workings): Promise<number> {
  const { state, ports, options, timers } = workings
  const startedAt = ports.clock.now()
  const { doubtful, running: before } = state.known()
  timers.clear("retry")
  state.become(beforeAttempt(newest.rendered.model))
  const { tried, outcome } = await applyWithoutCulprits(newest, workings)
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

async function follow(outcome: ApplyOutcome, workings: Workings): Promise<void> {
  const { state, ports } = workings
  const { inEffect, memory, failures } = state.known()
  switch (outcome.kind) {
    case "unchanged":
    case "applied":
      if (inEffect !== null) ports.onApplied(inEffect, memory)
      return
    case "rejected":
      return
    case "rolled-back": {
      // Without a configuration in effect, there was only one to go back to.
      const good = inEffect === null ? ports.knownGood() : null
      if (good !== null) await believeInKnownGood(good, workings)
      // A VIP that was claimed and is gone again belongs to no program: another may take it before the next attempt.
      if (inEffect !== null) await ports.settle(inEffect)
      return retryLater(backoffMs(RETRY, failures, ports.random()), workings)
    }
    case "stranded":
      return retryLater(backoffMs(RETRY, failures, ports.random()), workings)
  }
}

/** Holds the entries that this node cannot accept and tries again without them: a bad entry never blocks the others. */
async function applyWithoutCulprits(
  newest: Candidate,
  workings: Workings,
): Promise<{ readonly tried: Candidate; readonly outcome: ApplyOutcome }> {
  const { state, ports } = workings
  let tried = newest
  for (let left = MOST_REFUSALS; ; left--) {
    const outcome = await apply(tried.rendered, state.known().inEffect, ports.apply)
    if (outcome.kind !== "rejected" || left === 0) return { tried, outcome }
    const again = await withoutCulprits(tried, outcome, workings)
    if (again === null) return { tried, outcome }
    tried = again
  }
}

/** Maximum attempts, because keepalived may name one entry at a time. */
const MOST_REFUSALS = 10

/** The entries of these VIPs, which wait for the firewall of this node. */
function unmasqueradedEntries(
  { rendered }: Candidate,
  vips: ReadonlySet<string>,
  { ports }: Workings,
): ReadonlyMap<string, Refusal> {
  const reason = ports.firewallFault() ?? "it cannot be changed at the moment"
  const keys = rendered.model.vips.filter((vip) => vips.has(vip.address)).map((vip) => vip.key)
  return new Map(keys.map((key) => [key, { code: "MASQUERADE_MISSING", reason }]))
}

type Rejected = Extract<ApplyOutcome, { readonly kind: "rejected" }>

async function withoutCulprits(refused: Candidate, verdict: Rejected, workings: Workings): Promise<Candidate | null> {
  const { state, ports } = workings
  const culprits =
    verdict.unmasqueraded === undefined
      ? culpritsOf(refused.rendered, verdict.diagnostics)
      : unmasqueradedEntries(refused, verdict.unmasqueraded, workings)
  const { manifestSha256 } = refused.generation
  const { refusals: before, memory } = state.known()
  const accused = before?.manifestSha256 === manifestSha256 ? before.entries : new Map<string, Refusal>()
  if ([...culprits].every(([key, { code }]) => accused.get(key)?.code === code)) return null
  const refusals: Refusals = { manifestSha256, entries: new Map([...accused, ...culprits]) }
  state.become(afterRefusals(refusals))
  const known = { memory, refusals, guarding: guardingOf(workings), announced: announcedBy(workings) }
  const again = await walk(refused.generation, ports, known)
  if (again.kind !== "candidate") return null
  state.become(afterWalkWithout(refused, again))
  return again
}

const NO_MODEL_RETRY_MS = 5_000
const OTHERS_RETRY_MS = 15_000
