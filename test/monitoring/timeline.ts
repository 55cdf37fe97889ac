import { readFileSync } from "node:fs"
import { join } from "node:path"

/**
 * How long a recorded state lasts, in minutes. The last part replaces samples by hand, where the lab has no such state: null removes
 * one, and a counter grows by the number.
 */
export type Stretch = readonly [state: string, minutes: number, replaced?: Replaced]

export type Replaced = Readonly<Record<string, string | null>>

/** The state in which Prometheus reaches no node. */
export const NO_PAGES = "no pages"

/** Time between two samples, in s. */
export const STEP_SECONDS = 30

/** Series of a test for promtool: a name with labels, and its samples. */
export interface Series {
  readonly series: string
  readonly values: string
}

/** The recorded states, in the order in which they were recorded (test/lab/scenarios/recordings.sh). */
const RECORDED = [
  ...["well", "entry-broken", "entry-unserved", "guard", "configmap-gone", "drift", "keepalived-down", "fault"],
  ...["no-master", "two-masters", "flapping", "agent-down", "sync-silent", "source-old"],
  ...["rolled-back", "power-cut", "node-unreachable", "rollout"],
]

/**
 * The recorded states one after the other, as promtool's `input_series`. A series without a sample in a state is
 * stale there, as for Prometheus when a target does not answer.
 * A counter grows in a state by what it grew since the recordings before that one.
 */
export function seriesOf(stretches: readonly Stretch[]): readonly Series[] {
  const pages = stretches.map(([state, minutes, replaced = {}]) => ({
    samples: new Map([...readState(state), ...Object.entries(replaced)]),
    grown: replaced,
    earlier: RECORDED.slice(0, RECORDED.indexOf(state)).map(readState),
    count: (minutes * 60) / STEP_SECONDS,
  }))
  const names = new Set(pages.flatMap(({ samples }) => [...samples.keys()]))
  return [...names].toSorted().map((series) => {
    let counted = 0
    const values = pages.map(({ samples, grown, earlier, count }) => {
      const recorded = samples.get(series) ?? null
      if (recorded === null) return repeated("stale", count)
      if (!isCounter(series)) return repeated(recorded, count)
      counted += Number(grown[series] ?? growth(Number(recorded), series, earlier))
      return repeated(String(counted), count)
    })
    return { series, values: values.join(" ") }
  })
}

/** A counter of an earlier recording may be larger: its program started again, or the states were recorded one by one. */
function growth(recorded: number, series: string, earlier: readonly ReadonlyMap<string, string>[]): number {
  const before = earlier.flatMap((samples) => samples.get(series) ?? [])
  return before.length === 0 ? 0 : Math.max(0, recorded - Math.max(...before.map(Number)))
}

function repeated(value: string, count: number): string {
  return Array.from({ length: count }, () => value.replace("+Inf", "Inf")).join(" ")
}

function isCounter(series: string): boolean {
  return /^\w+_(?:total|bucket)\b/.test(series)
}

/** The samples of a state: the text of each series -> its value. */
function readState(state: string): ReadonlyMap<string, string> {
  if (state === NO_PAGES) return new Map()
  const text = readFileSync(join(import.meta.dirname, "recordings", `${state}.prom`), "utf8")
  const lines = text.trimEnd().split("\n")
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ")
      return [line.slice(0, at), line.slice(at + 1)] as const
    }),
  )
}
