import { existsSync, mkdirSync } from "node:fs"
import { dirname, resolve } from "node:path"

import { BEAT_SECONDS } from "../contract/heartbeat.ts"
import { systemClock } from "../kit/clock.ts"
import { createLog, type Log } from "../kit/log.ts"
import { createPacer } from "../kit/pacer.ts"
import { problemText } from "../kit/problem.ts"
import { bootId, uptimeSeconds } from "../kit/uptime.ts"
import { openSource, type OpenSource } from "./open-source.ts"
import { createPublish } from "./publication.ts"
import { createReconcile, type PassOutcome } from "./reconcile.ts"
import { readSettings, type Settings } from "./settings.ts"
import { openHeartbeat } from "./volume/heartbeat-writer.ts"
import { createPublisher } from "./volume/publisher.ts"
import { createStatusWriter } from "./volume/status-writer.ts"
import { takeWriterLock } from "./volume/writer-lock.ts"

/**
 * The first change at once, the rest together; at most four generations a second, and a fifth of the time for it. A pass that took
 * long because the whole machine stood still is no reason to stand still any longer.
 */
const PACE = { gatherMs: 2, minimumIntervalMs: 250, costFactor: 5, maximumPauseMs: 5_000 }

/** Wait after a fault such as a full disk, doubled each time. */
const SHORTEST_BACKOFF_MS = 1000
const LONGEST_BACKOFF_MS = 30_000

/** While it waits for what it is to publish once, it looks so often. */
const LONGEST_LOOK_MS = 100

const DONE = 0
const HELD = 1
const FAULT = 3

/**
 * `kkv sync`: objects in, generations out.
 *
 * @param argv The words after `sync`.
 * @returns Exit status: 0 done, 1 the input is held (`--once`), 2 usage, 3 another writer has the volume.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const reading = readSettings(argv)
  if (reading.kind === "exit") return reading.status
  const { settings } = reading
  const stop = new AbortController()
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort())
  return runSync(settings, { log: createLog({ program: "sync" }, { level: settings.logLevel }), stop: stop.signal })
}

export interface Surroundings {
  readonly log: Log
  /** Ends the run in order. */
  readonly stop: AbortSignal
}

/**
 * Runs until it is told to stop, or once.
 *
 * @returns Exit status, as `main`. @throws When the volume cannot be used at all.
 */
export async function runSync(settings: Settings, { log, stop }: Surroundings): Promise<number> {
  makeDirectory(resolve(settings.desired))
  const lock = await takeWriterLock(settings.desired)
  if (lock === null) {
    const message = `Cannot publish in ${settings.desired}: another kkv sync writes there; stop one of the two`
    log.error("second writer", { desired: settings.desired, message })
    return FAULT
  }
  try {
    const source = await openSource(settings, log)
    const pulse = startPulse(settings, source, log)
    const pass = pulse.feltBy(toldPass(source, loggedPass(settings, source, log)))
    try {
      return settings.once ? await runOnce(pass, stop) : await follow({ settings, source, pass, log, stop })
    } finally {
      pulse.stop()
      await source.close()
    }
  } finally {
    await lock.release()
  }
}

/** Not `recursive: true`: that tries for ever where the kernel answers ENOENT, as below /proc (Node.js 24). */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  mkdirSync(path)
}

type Pass = () => Promise<PassOutcome>

/** The same pass; the source hears how it ended. */
function toldPass(source: OpenSource, pass: Pass): Pass {
  return async () => {
    const outcome = await pass()
    source.tell(outcome)
    return outcome
  }
}

interface Pulse {
  /** The same pass; what it saw goes into the heartbeat. */
  feltBy(pass: Pass): Pass
  stop(): void
}

/** Writes the heartbeat every other second. What cannot be written is said once, and hinders nothing. */
function startPulse({ desired }: Settings, source: OpenSource, log: Log): Pulse {
  const writer = openHeartbeat(desired)
  const boot = bootId()
  let sourceRead: number | null = null
  let published: number | null = null
  let complained = false
  const beat = () => {
    const staleMs = source.staleMs()
    // What was read stays as it is while nobody can say whether it still holds.
    if (staleMs !== null && sourceRead !== null) sourceRead = Math.max(0, uptimeSeconds() - staleMs / 1000)
    try {
      writer.write({ bootId: boot, pid: process.pid, beat: uptimeSeconds(), sourceRead, published })
      complained = false
    } catch (error) {
      if (!complained) log.warn("no heartbeat", { error })
      complained = true
    }
  }
  const timer = setInterval(beat, BEAT_SECONDS * 1000)
  return {
    feltBy: (pass) => async () => {
      const outcome = await pass()
      if (outcome.kind === "published" || outcome.kind === "unchanged") sourceRead = uptimeSeconds()
      if (outcome.kind !== "settling") published = outcome.published?.sequence ?? null
      beat()
      return outcome
    },
    stop: () => {
      clearInterval(timer)
      writer.close()
    },
  }
}

function loggedPass(settings: Settings, source: OpenSource, log: Log): Pass {
  const { desired, retain, servicesConfigmap } = settings
  const writer = { bootId: bootId(), pid: process.pid, startedAtUptime: uptimeSeconds() }
  const trouble = (error: unknown) => log.warn("old generations not removed", { error })
  const reconcile = createReconcile({
    source: source.objects,
    publish: createPublish(servicesConfigmap),
    publisher: createPublisher({ directory: desired, retain, writer, trouble }),
    status: createStatusWriter(desired),
    sourceName: source.name,
    clock: systemClock,
    now: () => new Date().toISOString(),
  })
  let held = ""
  return async () => {
    const startedAt = performance.now()
    const outcome = await reconcile()
    const tookMs = Math.round(performance.now() - startedAt)
    held = logOutcome(log, outcome, { held, tookMs })
    return outcome
  }
}

/** One line for what changed; problems once, until there are others. Gives what is held now. */
function logOutcome(log: Log, outcome: PassOutcome, { held, tookMs }: { held: string; tookMs: number }): string {
  switch (outcome.kind) {
    case "published": {
      const { sequence, directory } = outcome.published
      log.info("published", { generation: sequence, directory, tookMs })
      return ""
    }
    case "unchanged":
      if (held === "") log.debug("unchanged", { generation: outcome.published.sequence, tookMs })
      else log.info("mended", { generation: outcome.published.sequence, tookMs })
      return ""
    case "held": {
      const problems = outcome.problems.map(problemText)
      const text = problems.join("\n")
      if (text !== held) log.warn("held", { generation: outcome.published?.sequence ?? null, problems, tookMs })
      return text
    }
    case "settling":
      log.debug("settling", { retryAfterMs: outcome.retryAfterMs })
      return held
  }
}

async function runOnce(pass: Pass, stop: AbortSignal): Promise<number> {
  while (!stop.aborted) {
    const outcome = await pass()
    if (outcome.kind !== "settling") return outcome.kind === "held" ? HELD : DONE
    await systemClock.delay(Math.min(outcome.retryAfterMs, LONGEST_LOOK_MS), stop)
  }
  return HELD
}

interface Following extends Surroundings {
  readonly settings: Settings
  readonly source: OpenSource
  readonly pass: Pass
}

async function follow({ settings, source, pass, log, stop }: Following): Promise<number> {
  let backoffMs = SHORTEST_BACKOFF_MS
  let retry: NodeJS.Timeout | undefined
  const later = (ms: number) => {
    clearTimeout(retry)
    retry = setTimeout(() => pacer.request(), ms)
  }
  const pacer = createPacer({
    ...PACE,
    run: async () => {
      const outcome = await pass()
      backoffMs = SHORTEST_BACKOFF_MS
      if (outcome.kind === "settling") later(outcome.retryAfterMs)
      // An editor's temporary file is no reason to let the file itself wait.
      return outcome.kind === "published" ? undefined : null
    },
    onFault: (error) => {
      log.error("cannot publish", { error, retryAfterMs: backoffMs })
      later(backoffMs)
      backoffMs = Math.min(2 * backoffMs, LONGEST_BACKOFF_MS)
    },
  })
  const watch = source.follow(() => pacer.request())
  log.info("following", { source: source.name, desired: settings.desired, configMap: settings.servicesConfigmap })
  pacer.request()
  await aborted(stop)
  clearTimeout(retry)
  await watch.close()
  await pacer.stop()
  log.info("stopped", {})
  return DONE
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }))
}
