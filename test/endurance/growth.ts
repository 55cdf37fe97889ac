import { ARCHIVES, type Sample } from "./endure.ts"

/** What may grow from the first half of a run to the second, and by how much. */
interface Figure {
  readonly name: string
  readonly of: (sample: Sample) => number
  /** The larger second half that is still no growth, for the largest of the first. */
  readonly allowed: (first: number) => number
  readonly unit: "MB" | ""
}

const MB = 1_000_000
const programs = ["sync", "sidecar", "keepalived"] as const
const volumes = ["desired", "applied", "state"] as const

const FIGURES: readonly Figure[] = [
  ...programs.flatMap((name): readonly Figure[] => [
    {
      name: `${name} heap`,
      of: (sample) => sample[name].heapBytes ?? 0,
      allowed: (first) => 1.03 * first + 0.3 * MB,
      unit: "MB",
    },
    // The allocator keeps what was free once: it levels off, but slowly.
    {
      name: `${name} resident`,
      of: (sample) => sample[name].rssBytes,
      allowed: (first) => 1.1 * first + 4 * MB,
      unit: "MB",
    },
    { name: `${name} descriptors`, of: (sample) => sample[name].descriptors, allowed: (first) => first + 3, unit: "" },
    { name: `${name} watches`, of: (sample) => sample[name].watches, allowed: (first) => first, unit: "" },
  ]),
  ...volumes.flatMap((name): readonly Figure[] => [
    {
      name: `${name}/ files`,
      of: (sample) => sample[name].files,
      allowed: (first) => Math.max(1.1 * first, MOST_FILES[name]),
      unit: "",
    },
    {
      name: `${name}/ bytes`,
      of: (sample) => sample[name].bytes,
      allowed: (first) => 1.5 * first + 0.1 * MB,
      unit: "MB",
    },
  ]),
]

/**
 * What retention lets be: five generations of three files; live file, candidates of what is in effect and of what is good, records; and
 * of archives, which are thinned out every ten minutes, those that are kept and those of the ten minutes, one in five seconds.
 */
const MOST_FILES = { desired: 20, applied: 12, state: ARCHIVES + 120 + 10 }

/** What grew; empty when nothing did. */
export function growthIn(samples: readonly Sample[]): readonly string[] {
  const half = Math.floor(samples.length / 2)
  return FIGURES.flatMap(({ name, of, allowed, unit }) => {
    const [first, second] = [samples.slice(0, half), samples.slice(half)].map((some) => Math.max(...some.map(of)))
    if (first === undefined || second === undefined || second <= allowed(first)) return []
    return [`${name}: at most ${shown(first, unit)} in the first half, ${shown(second, unit)} in the second`]
  })
}

/** One line a figure, one column a sample. */
export function table(samples: readonly Sample[]): string {
  const rows = [
    ["generation", ...samples.map(({ generation }) => String(generation))],
    ...FIGURES.map(({ name, of, unit }) => [name, ...samples.map((sample) => shown(of(sample), unit))]),
  ].filter((row) => row.slice(1).some((cell) => cell !== "0.0 MB"))
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row.map((cell, at) => (at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  "),
    )
    .join("\n")
}

function shown(value: number, unit: Figure["unit"]): string {
  return unit === "MB" ? `${(value / MB).toFixed(1)} MB` : String(value)
}
