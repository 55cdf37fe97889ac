import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client"
import type { Log } from "../kit/log.ts"
import { packageVersion } from "../kit/package-file.ts"
import type { PassOutcome } from "./reconcile.ts"

export interface SyncMetrics {
  /** The same pass, counted. */
  countedBy(pass: () => Promise<PassOutcome>): () => Promise<PassOutcome>
  /** The same log, whose warnings and errors are counted. */
  heardBy(log: Log): Log
  /** The page, in Prometheus' text format. */
  page(): Promise<string>
}

const RESULTS: readonly PassOutcome["kind"][] = ["published", "unchanged", "held", "settling", "failed"]
const LEVELS = ["warn", "error"] as const
/** Upper ends of the histogram's buckets, in seconds. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]

/** @param staleMs How long ago the source was last known to be as it was read, in ms; null where that cannot be told. */
export function createSyncMetrics(staleMs: () => number | null): SyncMetrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const passes = new Counter({
    name: "kkv_sync_passes_total",
    help: "Passes by result",
    labelNames: ["result"],
    registers,
  })
  const duration = new Histogram({
    name: "kkv_sync_pass_duration_seconds",
    help: "From a look at the source to what is published",
    buckets: DURATIONS,
    registers,
  })
  const lines = new Counter({
    name: "kkv_sync_log_lines_total",
    help: "Warnings and errors in the log: lists and watches that failed, lines of a watch that are no event, a full volume",
    labelNames: ["level"],
    registers,
  })
  const generation = new Gauge({
    name: "kkv_sync_generation",
    help: "Sequence of what is published; absent before the first",
    registers,
  })
  const age = new Gauge({
    name: "kkv_sync_source_age_seconds",
    help: "Seconds since the source was known to be as it was read; +Inf where that cannot be told",
    registers,
  })
  const build = new Gauge({
    name: "kkv_sync_build_info",
    help: "1; the version of this program",
    labelNames: ["version"],
    registers,
  })
  for (const result of RESULTS) passes.inc({ result }, 0)
  for (const level of LEVELS) lines.inc({ level }, 0)
  generation.remove()
  build.set({ version: packageVersion() }, 1)
  return {
    countedBy: (pass) => async () => {
      const startedAt = performance.now()
      const outcome = await pass()
      passes.inc({ result: outcome.kind })
      duration.observe((performance.now() - startedAt) / 1000)
      if (outcome.kind !== "settling" && outcome.published !== null) generation.set(outcome.published.sequence)
      return outcome
    },
    heardBy: (log) => ({
      ...log,
      warn: (event, fields) => {
        lines.inc({ level: "warn" })
        log.warn(event, fields)
      },
      error: (event, fields) => {
        lines.inc({ level: "error" })
        log.error(event, fields)
      },
    }),
    page: () => {
      const ms = staleMs()
      age.set(ms === null ? Number.POSITIVE_INFINITY : ms / 1000)
      return registry.metrics()
    },
  }
}
