import { backoffMs } from "../kit/backoff.ts"
import type { Clock } from "../kit/clock.ts"
import type { Log } from "../kit/log.ts"
import { createPacer } from "../kit/pacer.ts"
import { problemText } from "../kit/problem.ts"
import { apply, type Effective } from "./apply/apply.ts"
import type { ApplyOutcome } from "./apply/outcome.ts"
import type { ApplyPorts } from "./apply/ports.ts"
import { culpritsOf } from "./culprit.ts"
import { type DriftCheck, checkDrift } from "./drift.ts"
import type { Differences, Owned } from "./keepalived/effect.ts"
import { look, type LookPorts, type Refusals, type Seen, walk } from "./look.ts"
import { afterApplied, afterWaiting, type Memory, nextDeadline } from "./memory.ts"
import type { Generation, Keepalived, Kernel, RunningKeepalived } from "./ports.ts"
import type { KnownGood } from "./volume/last-known-good.ts"

/** What runs, and since when it is known to. */
export interface InEffect extends Effective {
  /** Null for one that was adopted or restored without its generation. */
  readonly generation: Generation | null
  readonly since: number
}

/** Everything there is to know about the agent at one moment; what is shown anywhere is made from this. */
export interface Snapshot {
  readonly seen: Seen | null
  readonly outcome: ApplyOutcome | null
  readonly inEffect: InEffect | null
  readonly running: RunningKeepalived | null
  /** Of the last comparison with the kernel; null before the first. */
  readonly role: "MASTER" | "BACKUP" | null
  readonly drift: DriftCheck | null
  readonly memory: Memory
}

export interface AgentPorts extends LookPorts {
  readonly apply: ApplyPorts
  readonly keepalived: Keepalived
  readonly kernel: Kernel
  readonly owned: () => Promise<Owned>
  /** Strikes out of the ledger what the kernel no longer has. */
  readonly settle: (inEffect: InEffect) => Promise<void>
  readonly knownGood: () => KnownGood | null
  /** Whether this node is master now, as the kernel shows it; null where it shows nothing. Cheap. */
  readonly role: (inEffect: InEffect) => Promise<"MASTER" | "BACKUP" | null>
  readonly onAttempt: (outcome: ApplyOutcome, tookMs: number) => void
  /** A configuration has come into effect. Off the path: nobody waits for it. */
  readonly onApplied: (inEffect: InEffect, memory: Memory) => void
  /** A configuration has run through the soak. */
  readonly onSoaked: (inEffect: InEffect, memory: Memory) => Promise<void>
  readonly onChange: (snapshot: Snapshot) => void
  readonly clock: Clock
  readonly log: Log
}

export interface AgentOptions {
  readonly drainTimeMs: number
  readonly soakMs: number
  /** True when entries are checked: then the pace leaves gaps in which a check can fail. */
  readonly checks: boolean
}

export interface Agent {
  /** Something may have changed: look again. Carries no content. */
  request(): void
  /** Looks after keepalived: did it die, did its role change, is a soak over. Called every second. */
  watch(): Promise<void>
  /** Compares the kernel with what should be in effect, and repairs. */
  checkDrift(): Promise<void>
  /** Tries again what was refused before: an interface may have appeared meanwhile. */
  retest(): void
  snapshot(): Snapshot
  /** Ends after the step under way. keepalived goes on. */
  stop(): Promise<void>
}

const RELOAD_INTERVAL_MS = 500
const RELOAD_COST_FACTOR = 5
/** However slow a reload was: the change after it is somebody's repair, perhaps. */
const LONGEST_PAUSE_MS = 5_000
/** A check of ours fails within 3 s of the first 5 s (render.ts); every 15 s it gets the time to. */
const QUIET_GAP = { everyMs: 15_000, lastingMs: 9_000 }

/**
 * The program's heart: looks at the inputs, and has the newest ones applied, one at a time and at a bearable pace.
 *
 * @param start what runs already, as the journal and the memory of the last agent tell.
 */
export function createAgent(
  options: AgentOptions,
  ports: AgentPorts,
  start: { readonly inEffect: InEffect | null; readonly memory: Memory },
): Agent {
  let { inEffect, memory } = start
  let seen: Seen | null = null
  let outcome: ApplyOutcome | null = null
  let attempted: { sha256: string; failures: number } | null = null
  let refusals: Refusals | null = null
  let running: RunningKeepalived | null = null
  let role: Snapshot["role"] = null
  let drift: DriftCheck | null = null
  let lastDifferences: Differences | null = null
  let soaking = false
  const timers = new Map<string, NodeJS.Timeout>()
  /** Checks and applies never overlap: each would take the other's work for drift. */
  let busy: Promise<unknown> = Promise.resolve()

  const snapshot = (): Snapshot => ({ seen, outcome, inEffect, running, role, drift, memory })
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = busy.then(work, work)
    busy = turn.catch(() => undefined)
    return turn
  }
  const onFault = (error: unknown) => {
    ports.log.error("fault", { error })
    later("fault", backoffMs(RETRY, 1, Math.random()), () => looker.request())
  }
  const looker = createPacer({
    run: lookOnce,
    gatherMs: 0,
    minimumIntervalMs: 0,
    costFactor: 0,
    onFault,
    clock: ports.clock,
  })
  const applier = createPacer({
    run: () => alone(applyNewest),
    gatherMs: 0,
    minimumIntervalMs: RELOAD_INTERVAL_MS,
    costFactor: RELOAD_COST_FACTOR,
    maximumPauseMs: LONGEST_PAUSE_MS,
    quietGap: () => (options.checks ? QUIET_GAP : null),
    onFault,
    clock: ports.clock,
  })

  async function lookOnce(): Promise<void> {
    memory = afterWaiting(memory, ports.clock.now())
    const next = await look(ports, memory, refusals)
    // A torn reading says nothing about the generation before it, which was whole.
    if (!(next.kind === "no-generation" && next.transient && seen !== null)) seen = next
    if (next.kind === "no-generation" && next.transient) later("torn", TORN_RETRY_MS, () => looker.request())
    if (seen?.kind === "candidate" && seen.rendered.sha256 !== inEffect?.sha256) {
      if (attempted?.sha256 !== seen.rendered.sha256) applier.request()
    } else if (seen?.kind === "candidate") sameEffect(seen)
    else if (inEffect === null) applier.request()
    const deadline = nextDeadline(memory)
    if (Number.isFinite(deadline)) later("drained", deadline - ports.clock.now() + 1, () => looker.request())
    ports.onChange(snapshot())
  }

  /** A generation that leads to the text in effect is in effect, without anybody's doing. */
  function sameEffect(newest: Extract<Seen, { kind: "candidate" }>): void {
    if (inEffect === null || inEffect.generation?.name === newest.generation.name) return
    inEffect = { ...inEffect, model: newest.rendered.model, generation: newest.generation }
    remember(newest)
    report(newest, { kind: "unchanged" }, 0)
  }

  function remember(newest: Extract<Seen, { kind: "candidate" }>): void {
    const time = { now: ports.clock.now(), drainTime: options.drainTimeMs }
    memory = afterApplied(memory, { built: newest.built, model: newest.rendered.model }, time)
    if (inEffect !== null) ports.onApplied(inEffect, memory)
  }

  async function applyNewest(): Promise<number> {
    const newest = seen
    if (newest?.kind !== "candidate") {
      await startOnKnownGood()
      return 0
    }
    // A look that was made while the last attempt ran asks for what that attempt has brought into effect since.
    if (newest.rendered.sha256 === inEffect?.sha256) return 0
    const startedAt = ports.clock.now()
    const reloads = running !== null
    let tried = newest
    outcome = await apply(tried.rendered, inEffect, ports.apply)
    if (outcome.kind === "rejected") {
      const again = await withoutCulprits(tried, outcome)
      if (again !== null) {
        tried = again
        outcome = await apply(tried.rendered, inEffect, ports.apply)
      }
    }
    await settle(tried, outcome)
    const tookMs = ports.clock.now() - startedAt
    ports.onAttempt(outcome, tookMs)
    report(tried, outcome, tookMs)
    if (inEffect === null) await startOnKnownGood()
    ports.onChange(snapshot())
    looker.request()
    // A start is no reload, and after a failure the next change may be its repair: neither slows the next one down.
    return reloads && outcome.kind === "applied" ? tookMs : 0
  }

  /** Holds the entries that keepalived refused and walks again: one bad entry never blocks the others. */
  async function withoutCulprits(
    refused: Extract<Seen, { kind: "candidate" }>,
    verdict: Extract<ApplyOutcome, { kind: "rejected" }>,
  ): Promise<Extract<Seen, { kind: "candidate" }> | null> {
    const culprits = culpritsOf(refused.rendered, verdict.diagnostics)
    if (culprits.size === 0) return null
    const { manifestSha256 } = refused.generation
    const known = refusals?.manifestSha256 === manifestSha256 ? refusals.entries : new Map<string, string>()
    refusals = { manifestSha256, entries: new Map([...known, ...culprits]) }
    const again = await walk(refused.generation, ports, { memory, refusals })
    if (again.kind !== "candidate") return null
    seen = again
    return again
  }

  async function settle(tried: Extract<Seen, { kind: "candidate" }>, result: ApplyOutcome): Promise<void> {
    const { sha256, model } = tried.rendered
    running = await ports.keepalived.running()
    switch (result.kind) {
      case "unchanged":
      case "applied": {
        attempted = null
        inEffect = { sha256, model, generation: tried.generation, since: ports.clock.now() }
        soaking = true
        lastDifferences = null
        remember(tried)
        break
      }
      case "rejected":
        attempted = { sha256, failures: 0 }
        break
      case "rolled-back":
      case "stranded": {
        const failures = (attempted?.failures ?? 0) + 1
        attempted = { sha256, failures }
        later("retry", backoffMs(RETRY, failures, Math.random()), retest)
        break
      }
    }
  }

  /** Without any generation, or before the first good one: what last ran on this node, if anything did. */
  async function startOnKnownGood(): Promise<void> {
    const good = ports.knownGood()
    running = await ports.keepalived.running()
    if (inEffect !== null || running !== null || good === null) return
    const { sha256, model, lastGood, generation } = good.remembered
    await ports.apply.files.writeCandidate(sha256, good.text)
    const { built, rendered } = {
      built: { model, entries: [], problems: [] },
      rendered: { sha256, text: good.text, model, pieces: [] },
    }
    const result = await apply(rendered, null, ports.apply)
    if (result.kind !== "applied" && result.kind !== "unchanged") {
      ports.log.error("last-known-good", { outcome: result.kind, reason: result.reason })
      return
    }
    inEffect = { sha256, model, generation: null, since: ports.clock.now() }
    const time = { now: ports.clock.now(), drainTime: options.drainTimeMs }
    memory = afterApplied({ ...memory, lastGood }, { built, model }, time)
    memory = { ...memory, lastGood }
    running = await ports.keepalived.running()
    ports.log.warn("last-known-good", { outcome: "applied", generation: generation?.sequence ?? null, sha256 })
  }

  async function watch(): Promise<void> {
    await alone(async () => {
      const before = running
      running = await ports.keepalived.running()
      if (inEffect === null) return
      await lookAtRole(inEffect)
      if (running === null) return revive()
      if (before !== null && before.parent.startTime !== running.parent.startTime) await afterRestart(before, running)
      if (soaking && ports.clock.now() - inEffect.since >= options.soakMs) await endSoak()
    })
  }

  async function lookAtRole(current: InEffect): Promise<void> {
    const now = running === null ? null : await ports.role(current)
    if (now === role) return
    ports.log.info("role", { before: role, now })
    role = now
    ports.onChange(snapshot())
  }

  let missingSince: number | null = null
  /** The supervisor starts a keepalived that died again by itself; we only do where it was told not to. */
  async function revive(): Promise<void> {
    missingSince ??= ports.clock.now()
    if (ports.clock.now() - missingSince < REVIVE_AFTER_MS) return
    missingSince = null
    const verdict = await ports.keepalived.start()
    ports.log.warn("keepalived-started", { verdict: verdict.kind })
  }

  async function afterRestart(before: RunningKeepalived, now: RunningKeepalived): Promise<void> {
    missingSince = null
    ports.log.warn("keepalived-restarted", { before: before.parent.pid, now: now.parent.pid })
    if (inEffect === null) return
    const failure = await ports.apply.verify(inEffect.model)
    if (failure !== null) ports.log.warn("keepalived-restarted", { difference: failure })
    await compareAndRepair()
  }

  async function endSoak(): Promise<void> {
    if (inEffect === null) return
    soaking = false
    if ((await ports.apply.verify(inEffect.model)) !== null) return
    await ports.settle(inEffect)
    await ports.onSoaked(inEffect, memory)
  }

  async function compareAndRepair(): Promise<void> {
    if (inEffect === null || (await ports.keepalived.running()) === null) return
    const { check, found } = await checkDrift(inEffect.model, lastDifferences, ports)
    drift = check
    lastDifferences = found
    if (found !== null && found.surplusVips.length > 0)
      later("second-look", SECOND_LOOK_MS, () => void alone(compareAndRepair).catch(onFault))
    ports.onChange(snapshot())
  }

  function retest(): void {
    if (attempted === null) return
    attempted = { sha256: "", failures: attempted.failures }
    refusals = null
    looker.request()
  }

  function report(tried: Extract<Seen, { kind: "candidate" }>, result: ApplyOutcome, tookMs: number): void {
    const fields = {
      generation: tried.generation.sequence,
      outcome: result.kind,
      ...("reason" in result ? { reason: result.reason } : {}),
      ...(result.kind === "applied" ? { testMs: Math.round(result.testMs) } : {}),
      ...(result.kind === "rejected" ? { diagnostics: result.diagnostics.slice(0, 5) } : {}),
      vips: tried.built.model?.vips.length ?? 0,
      problems: tried.built.problems.slice(0, MOST_LOGGED).map(problemText),
      held: tried.built.entries
        .filter((entry) => entry.state !== "good")
        .map((entry) => entry.key)
        .slice(0, MOST_LOGGED),
      sha256: tried.rendered.sha256.slice(0, 12),
      tookMs: Math.round(tookMs),
    }
    if (result.kind === "stranded") ports.log.error("pass", fields)
    else if (result.kind === "applied" || result.kind === "unchanged") ports.log.info("pass", fields)
    else ports.log.warn("pass", fields)
  }

  /** One timer for each reason: a later wish of the same kind replaces the earlier one. */
  function later(reason: "torn" | "fault" | "drained" | "retry" | "second-look", ms: number, what: () => void): void {
    clearTimeout(timers.get(reason))
    timers.set(reason, setTimeout(what, Math.max(0, Math.min(ms, LONGEST_WAIT_MS))).unref())
  }

  return {
    request: () => looker.request(),
    watch: () => watch().catch(onFault),
    checkDrift: () => alone(compareAndRepair).catch(onFault),
    retest,
    snapshot,
    stop: async () => {
      for (const timer of timers.values()) clearTimeout(timer)
      await looker.stop()
      await applier.stop()
      await busy
    },
  }
}

/** What went wrong for a reason that may pass is tried again. */
const RETRY = { firstMs: 2_000, maximumMs: 300_000, jitter: 0.2 }
const TORN_RETRY_MS = 250
/** Problems and entries that one line of the log names; the status has all. */
const MOST_LOGGED = 10
const LONGEST_WAIT_MS = 360_000
const REVIVE_AFTER_MS = 3_000
const SECOND_LOOK_MS = 1_000
