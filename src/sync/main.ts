import { once } from "node:events"
import { backoffMs } from "../kit/time/backoff.ts"
import { systemClock } from "../kit/time/clock.ts"
import { createLog, type Log } from "../kit/process/log.ts"
import { createPacer } from "../kit/time/pacer.ts"
import { bootId, uptimeSeconds } from "../kit/time/uptime.ts"
import { openSource, type OpenSource } from "./open-source.ts"
import { logOutcome } from "./outcome-log.ts"
import type { Publisher, StatusWriter } from "./ports.ts"
import { createSyncMetrics } from "./metrics.ts"
import { startProbes } from "./probes.ts"
import { createPublish } from "./publication.ts"
import { startPulse } from "./pulse.ts"
import { createReconcile, type PassOutcome } from "./reconcile.ts"
import { readSettings, type Settings } from "./settings.ts"
import { makeVolume } from "./volume/directory.ts"
import { createHeartbeatWriter } from "../heartbeats/write.ts"
import { createPublisher } from "./volume/publisher.ts"
import { createStatusWriter } from "./volume/status-writer.ts"
import { takeWriterLock } from "./volume/writer-lock.ts"

/**
 * Publishes the first change at once and gathers the others: at most four generations per second and a fifth of the time. A pass
 * that was slow because the whole machine was blocked must not cause a long pause.
 */
const PACE = { gatherMs: 2, minimumIntervalMs: 250, costFactor: 5, maximumPauseMs: 5_000 }

/** Waits after a fault, such as a full disk. */
const BACKOFF = { firstMs: 1_000, maximumMs: 30_000, jitter: 0 }

/** Time between two checks of a part of the current generation, in ms. */
const INSPECT_MS = 1000

/** With `--once`: time between two looks at the source, in ms. */
const LONGEST_LOOK_MS = 100

const DONE = 0
const HELD = 1
const FAULT = 3

/**
 * `kkv sync`: objects in, generations out.
 *
 * @param argv The words after `sync`.
 * @returns Exit status: 0 done, 1 the input is held (`--once`), 2 usage error, 3 another process writes the volume, or sync
 * cannot write it (`--once`).
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
  /** Ends the run cleanly. */
  readonly stop: AbortSignal
}

/**
 * Runs until `stop` aborts, or once.
 *
 * @returns Exit status, as for `main`. @throws If the volume cannot be used at all.
 */
export async function runSync(settings: Settings, { log: ownLog, stop }: Surroundings): Promise<number> {
  makeVolume(settings.desired, settings.source.kind === "directory" ? settings.source.directory : null)
  const opened: { source?: OpenSource } = {}
  const metrics = createSyncMetrics({
    staleMs: () => opened.source?.staleMs() ?? null,
    faults: () => opened.source?.faults() ?? [],
  })
  const log = metrics.heardBy(ownLog)
  const lock = await takeWriterLock(settings.desired)
  if (lock === null) {
    const message = `Cannot publish in ${settings.desired}: another kkv sync writes there; stop one of the two`
    log.error("second writer", { desired: settings.desired, message })
    return FAULT
  }
  try {
    const source = await openSource(settings, log)
    opened.source = source
    const heartbeat = createHeartbeatWriter(settings.desired)
    const pulse = startPulse({ write: heartbeat.write, source, log })
    const { httpPort: port, httpAddress: addresses } = settings
    const answers = { port, addresses, notReady: pulse.trouble, metrics: metrics.page }
    const probes = port === 0 || settings.once ? null : await startProbes(answers)
    try {
      const volume = { publisher: publisherOf(settings, log), status: createStatusWriter(settings.desired) }
      const pass = pulse.feltBy(toldPass(source, metrics.countedBy(loggedPass({ settings, source, ...volume }, log))))
      return settings.once ? await runOnce(pass, stop) : await follow({ settings, source, ...volume, pass, log, stop })
    } finally {
      await probes?.close()
      pulse.stop()
      heartbeat.close()
      await source.close()
    }
  } finally {
    await lock.release()
  }
}

type Pass = () => Promise<PassOutcome>

/** The same pass, but it tells the source its outcome. */
function toldPass(source: OpenSource, pass: Pass): Pass {
  return async () => {
    const outcome = await pass()
    source.tell(outcome)
    return outcome
  }
}

function publisherOf({ desired, retain }: Settings, log: Log): Publisher {
  return createPublisher({
    directory: desired,
    retain,
    writer: { bootId: bootId(), pid: process.pid, startedAtUptime: uptimeSeconds() },
    trouble: (error) => log.warn("old generations not removed", { error }),
    gaveUp: (generations) => log.warn("old generations given up", { generations, reason: "the volume is full" }),
  })
}

interface Workings {
  readonly settings: Settings
  readonly source: OpenSource
  readonly publisher: Publisher
  readonly status: StatusWriter
}

function loggedPass({ settings, source, publisher, status }: Workings, log: Log): Pass {
  const reconcile = createReconcile({
    source: source.objects,
    publish: createPublish(settings.servicesConfigmaps),
    publisher,
    status,
    sourceName: source.name,
    volumeName: settings.desired,
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

async function runOnce(pass: Pass, stop: AbortSignal): Promise<number> {
  while (!stop.aborted) {
    const outcome = await pass()
    if (outcome.kind === "failed") return FAULT
    if (outcome.kind !== "settling") return outcome.problems.length > 0 ? HELD : DONE
    await systemClock.delay(Math.min(outcome.retryAfterMs, LONGEST_LOOK_MS), stop)
  }
  return HELD
}

interface Following extends Surroundings, Workings {
  readonly pass: Pass
}

async function follow({ settings, source, pass, log, stop, ...volume }: Following): Promise<number> {
  let failures = 0
  let retry: NodeJS.Timeout | undefined
  const later = (ms: number) => {
    clearTimeout(retry)
    retry = setTimeout(() => pacer.request(), ms)
  }
  const afterFault = () => {
    failures += 1
    const retryAfterMs = backoffMs(BACKOFF, failures)
    later(retryAfterMs)
    return retryAfterMs
  }
  const pacer = createPacer({
    ...PACE,
    run: async () => {
      const outcome = await pass()
      if (outcome.kind === "failed") return void afterFault()
      failures = 0
      if (outcome.kind === "settling") later(outcome.retryAfterMs)
      // An editor's temporary file must not delay the file itself.
      return outcome.kind === "published" ? undefined : null
    },
    onFault: (error) => {
      log.error("cannot publish", { error, retryAfterMs: afterFault() })
    },
  })
  const watch = source.follow(() => pacer.request())
  const endInspection = startInspection(volume, () => pacer.request(), log)
  log.info("following", { source: source.name, desired: settings.desired, configMaps: settings.servicesConfigmaps })
  pacer.request()
  if (!stop.aborted) await once(stop, "abort")
  clearTimeout(retry)
  endInspection()
  await watch.close()
  await pacer.stop()
  log.info("stopped", {})
  return DONE
}

/** Compares the volume with what sync wrote, and writes damaged files again. */
function startInspection(
  { publisher, status }: Pick<Workings, "publisher" | "status">,
  damaged: () => void,
  log: Log,
): () => void {
  let complained = false
  const timer = setInterval(() => {
    try {
      const before = publisher.damage()
      const reason = publisher.inspect()
      complained = false
      if (!status.isIntact()) damaged()
      if (reason === null || before !== null) return
      log.error("damaged", { generation: publisher.current()?.sequence ?? null, reason })
      damaged()
    } catch (error) {
      if (!complained) log.warn("cannot inspect", { error })
      complained = true
    }
  }, INSPECT_MS)
  return () => clearInterval(timer)
}
