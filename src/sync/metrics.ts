import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client"
import type { Log } from "../kit/process/log.ts"
import { packageVersion } from "../kit/files/package-file.ts"
import { API_CAUSES, type ApiFault, apiCauseOf } from "../kubernetes/api-fault.ts"
import type { PassOutcome } from "./reconcile.ts"

export interface SyncMetrics {
  /** The same pass, counted. */
  countedBy(pass: () => Promise<PassOutcome>): () => Promise<PassOutcome>
  /** The same log, but it counts warnings and errors. */
  heardBy(log: Log): Log
  /** The page, in Prometheus' text format. */
  page(): Promise<string>
}

const RESULTS: readonly PassOutcome["kind"][] = ["published", "unchanged", "held", "settling", "failed"]
const LEVELS = ["warn", "error"] as const
/** Upper limits of the histogram's buckets, in seconds. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]

/** The source of objects, as far as metrics show it. */
export interface MeasuredSource {
  /** Time since sync last confirmed what it knows about its source, in ms; null if unknown. */
  staleMs(): number | null
  /** The current faults of requests to the API server. */
  faults(): readonly ApiFault[]
}

export function createSyncMetrics(source: MeasuredSource): SyncMetrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const counter = <Label extends string>(name: string, help: string, label: Label) =>
    new Counter({ name, help, labelNames: [label], registers })
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers })
  const passes = counter("kkv_sync_passes_total", "Passes by result", "result")
  const duration = new Histogram({
    name: "kkv_sync_pass_duration_seconds",
    help: "Duration of a pass, from reading the source to the end of publishing",
    buckets: DURATIONS,
    registers,
  })
  const lines = counter(
    "kkv_sync_log_lines_total",
    "Warnings and errors in the log, such as failed lists and watches, invalid lines of a watch, or a full volume",
    "level",
  )
  const generation = gauge("kkv_sync_generation", "Sequence of the current generation; absent before the first")
  const age = gauge(
    "kkv_sync_source_age_seconds",
    "Seconds since sync last confirmed what it knows about its source; +Inf if unknown",
  )
  const trouble = gauge("kkv_sync_api_trouble", "1 while the API server does not serve sync, by the cause", "cause")
  const build = gauge("kkv_sync_build_info", "Always 1; the label is the version of this program", "version")
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
      const ms = source.staleMs()
      age.set(ms === null ? Number.POSITIVE_INFINITY : ms / 1000)
      const causes = new Set(source.faults().map(apiCauseOf))
      for (const cause of API_CAUSES) trouble.set({ cause }, causes.has(cause) ? 1 : 0)
      return registry.metrics()
    },
  }
}
