import type { ApplyOutcome } from "./outcome.ts"
import type { ApplyPorts } from "./ports.ts"
import type { Effective, Release } from "./release.ts"
import { ACCEPTED, type Change, type MomentWatch, type Refused, type Target, type Verdict } from "./target.ts"

/**
 * Brings a release into effect, or keeps the previous one: test all targets, journal, swap all, load and verify them in
 * order; and all go back on any failure after the swap.
 *
 * The order gives the guarantee. A file that a test refuses never gets the live name. The journal is written
 * before a live file changes and says "in effect" only after the kernel agreed. If the agent is killed
 * anywhere in between, the next agent finds an unfinished journal and repeats all steps.
 *
 * @param before The last release that was verified to be in effect, to go back to; null for none.
 */
export async function applyRelease(next: Release, before: Effective | null, ports: ApplyPorts): Promise<ApplyOutcome> {
  const { targets } = ports
  if (await isInEffect(next, ports)) return { kind: "unchanged" }
  const watches = before === null ? [] : await Promise.all(targets.map(async (target) => target.awaitMoment?.(before)))
  try {
    return await steps({ next, before }, watches, ports)
  } finally {
    for (const watch of watches) watch?.stop()
  }
}

async function steps(
  change: Change,
  watches: readonly (MomentWatch | null | undefined)[],
  ports: ApplyPorts,
): Promise<ApplyOutcome> {
  const { next, before } = change
  const { targets, records } = ports
  const from = before?.sha256 ?? null
  // In parallel with the tests: neither needs the other, and rules for a VIP that is not announced do nothing.
  const prepared = targets.map(async (target) => (await target.prepare?.(change)) ?? ACCEPTED)
  const tests = await Promise.all(targets.map(async (target) => (await target.test?.(next)) ?? ACCEPTED))
  const refusal = refusalIn(tests) ?? refusalIn(await Promise.all(prepared))
  if (refusal !== undefined) return { ...refusal, kind: "rejected" }
  await records.claim(next.model)
  const waits = await Promise.all(watches.map(async (watch) => (await watch?.moment()) ?? 0))
  await records.writeJournal({ phase: "swap", from, to: next.sha256 })
  for (const target of targets) await target.swap?.(next)
  const failure = await bringIntoEffect(next, targets)
  if (failure !== null) return goBack(before, failure, ports)
  await records.writeJournal({ phase: "in-effect", from, to: next.sha256 })
  await Promise.all(targets.map(async (target) => target.conclude?.(next, before)))
  const testMs = Math.max(...tests.map((test) => (test.kind === "accepted" ? test.tookMs : 0)))
  return { kind: "applied", testMs, waitedMs: Math.max(0, ...waits) }
}

function refusalIn(verdicts: readonly Verdict[]): Refused | undefined {
  return verdicts.find((verdict) => verdict.kind === "refused")
}

/**
 * True when this release already runs: the journal and all targets say so. The soak and the drift check verify that the
 * kernel still shows it; they also watch an adopted release.
 */
async function isInEffect(next: Effective, { targets, records }: ApplyPorts): Promise<boolean> {
  const journal = await records.journal()
  return journal?.phase === "in-effect" && journal.to === next.sha256 && (await allHold(targets, next))
}

/** Whether each target runs, and its next start would read this release. */
export async function allHold(targets: readonly Target[], effective: Effective): Promise<boolean> {
  for (const target of targets) if ((await target.holds?.(effective)) === false) return false
  return true
}

/** Waits until the kernel shows the release in all targets. @returns null, or the first difference. */
export function verifyAll(targets: readonly Target[], effective: Effective): Promise<string | null> {
  return firstFailure(targets, (target) => target.verify?.(effective))
}

/** @returns null when the release is in effect, else the reason why not. */
async function bringIntoEffect(next: Effective, targets: readonly Target[]): Promise<string | null> {
  const failure = await firstFailure(targets, (target) => target.load?.(next))
  if (failure !== null) return failure
  const difference = await verifyAll(targets, next)
  if (difference === null) return null
  // All targets have finished; another program, such as kube-proxy, may have deleted their entries meanwhile.
  const restored = await Promise.all(targets.map(async (target) => target.restore?.(next)))
  return restored.includes(true) ? verifyAll(targets, next) : difference
}

async function goBack(before: Effective | null, reason: string, ports: ApplyPorts): Promise<ApplyOutcome> {
  const { targets, records } = ports
  const good = before ?? (await ports.lastKnownGood())
  if (good === null) return { kind: "stranded", reason: `${reason}; no earlier configuration is available` }
  for (const target of targets) await target.recover?.(good)
  for (const target of targets) await target.swap?.(good)
  const failure = await bringIntoEffect(good, targets)
  const second = failure === null ? null : await restartOn(good, targets)
  if (failure !== null && second !== null)
    return { kind: "stranded", reason: `${reason}; going back failed too: ${failure}; and after a restart: ${second}` }
  await records.writeJournal({ phase: "in-effect", from: null, to: good.sha256 })
  await Promise.all(targets.map(async (target) => target.conclude?.(good, null)))
  return { kind: "rolled-back", reason }
}

async function restartOn(good: Effective, targets: readonly Target[]): Promise<string | null> {
  return (await firstFailure(targets, (target) => target.restart?.())) ?? verifyAll(targets, good)
}

async function firstFailure(
  targets: readonly Target[],
  step: (target: Target) => Promise<string | null> | undefined,
): Promise<string | null> {
  for (const target of targets) {
    const failure = (await step(target)) ?? null
    if (failure !== null) return failure
  }
  return null
}
