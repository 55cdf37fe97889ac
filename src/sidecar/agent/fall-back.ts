import type { VipModel } from "../../core/model/keepalived-model.ts"
import { takenServersOf } from "../../core/model/addresses/others.ts"
import { backoffMs } from "../../kit/time/backoff.ts"
import { RETRY, type Touches, type Workings } from "./ports.ts"
import { afterFailedStart, afterGoingBack, afterProcessSeen, afterTakeOver, beforeSwap } from "./transitions.ts"
import { applyRelease } from "../apply/apply.ts"
import type { ApplyOutcome } from "../apply/outcome.ts"
import { ACCEPTED, type Change } from "../apply/target.ts"
import { announcing, type AppliedHistory, recalled } from "./history.ts"
import { type Retrying, retryLater } from "./retry.ts"
import { configRelease } from "../targets/keepalived.ts"
import type { LastKnownGood } from "../volume/last-known-good.ts"

export type Trusting = Touches<"state", "keepalived" | "clock" | "onApplied" | "log">
type TakingOver = Trusting & Touches<"state", "applyPorts" | "lastKnownGood" | "others" | "render">
export type FallingBack = TakingOver & Retrying & Touches<"state", "onAttempt" | "onChange">

/** Without any generation, or before the first good one: the configuration that last ran on this node, if any. */
export async function startOnLastKnownGood(
  workings: TakingOver & Touches<"options" | "timers" | "requestApply", "random">,
): Promise<void> {
  const { state, ports, timers, requestApply } = workings
  const running = await ports.keepalived.running()
  state.become(afterProcessSeen(running))
  const recorded = ports.lastKnownGood()
  if (state.known().inEffect !== null || running !== null || recorded === null || timers.isSet("known-good")) return
  const good = await withoutOthers(recorded, ports)
  const outcome = await applyKnownGood(good, ports)
  if (outcome.kind === "rejected" || outcome.kind === "stranded") {
    state.become(afterFailedStart)
    timers.set("known-good", backoffMs(RETRY, state.known().failures, ports.random()), requestApply)
    ports.log.error("last-known-good", { outcome: outcome.kind, reason: outcome.reason })
    return
  }
  await trustLastKnownGood(good, workings)
}

/** The agent's knowledge after the last known good configuration was verified to be in effect. */
export async function trustLastKnownGood(
  good: LastKnownGood,
  { state, ports, options }: Trusting & Pick<Workings, "options">,
): Promise<void> {
  const { model, lastGood, past } = good.record
  const time = { now: ports.clock.now(), drainTime: options.drainTimeMs }
  const history = recalled({ lastGood, past }, model, time)
  await takeOver(good, history, { state, ports })
}

/**
 * Replaces the configuration in effect by the last known good one. The replaced text is tried again after the longest
 * pause.
 *
 * @returns false when no other configuration is available.
 */
export async function fallBack(reason: string, workings: FallingBack): Promise<boolean> {
  const { state, ports } = workings
  const { inEffect, history } = state.known()
  const recorded = ports.lastKnownGood()
  const good = recorded === null ? null : await withoutOthers(recorded, ports)
  if (inEffect === null || good === null || good.record.sha256 === inEffect.sha256) return false
  const startedAt = ports.clock.now()
  state.become(beforeSwap)
  const result = await applyKnownGood(good, ports)
  const failed = result.kind === "rejected" || result.kind === "stranded" ? result.reason : null
  const outcome: ApplyOutcome =
    failed === null
      ? { kind: "rolled-back", reason }
      : { kind: "stranded", reason: `${reason}; going back to the last known good configuration failed too: ${failed}` }
  state.become(afterGoingBack(outcome))
  // The history stays. Another history would make another text of the same generation, and the next observation would try that.
  if (failed === null) await takeOver(good, history, workings)
  retryLater(RETRY.maximumMs, workings)
  ports.onAttempt(outcome, ports.clock.now() - startedAt)
  ports.log.error("keepalived-dies", { outcome: outcome.kind, reason: outcome.reason, sha256: inEffect.sha256 })
  ports.onChange(state.known())
  return true
}

/** The same without the VIPs that other programs on this host have now: the configuration may be old. */
async function withoutOthers(good: LastKnownGood, { others, render }: TakingOver["ports"]): Promise<LastKnownGood> {
  const { record } = good
  const found = await others(record.model, null)
  if (found === null) return good
  const isFree = (vip: VipModel) => !found.addresses.has(vip.address) && takenServersOf(vip, found).length === 0
  const instances = record.model.instances.map((one) => ({ ...one, vips: one.vips.filter(isFree) }))
  const { sha256, text, model } = render({ ...record.model, instances })
  return { text, record: { ...record, sha256, model } }
}

function applyKnownGood({ record, text }: LastKnownGood, { applyPorts }: TakingOver["ports"]): Promise<ApplyOutcome> {
  const { sha256, model } = record
  // A VIP cannot be removed from its text, and VIPs that are ready must not wait for those that are not.
  const targets = applyPorts.targets.map((target) => ({
    ...target,
    prepare: async (change: Change) => {
      await target.prepare?.(change)
      return ACCEPTED
    },
  }))
  return applyRelease(configRelease({ sha256, text, model, pieces: [] }), null, { ...applyPorts, targets })
}

async function takeOver({ record }: LastKnownGood, history: AppliedHistory, { state, ports }: Trusting): Promise<void> {
  const { sha256, model, generation } = record
  const running = await ports.keepalived.running()
  const inEffect = { sha256, model, generation: null, since: ports.clock.now() }
  const known = announcing({ ...history, past: { ...history.past, model } }, model)
  state.become(afterTakeOver(inEffect, known, running))
  ports.onApplied(inEffect, known)
  ports.log.warn("last-known-good", { outcome: "applied", generation: generation?.sequence ?? null, sha256 })
}
