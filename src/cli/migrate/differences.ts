import { byPlace, type Place } from "../../kit/problem.ts"

/** One difference between what was there and what replaces it. Its texts may be hostile: an output escapes them. */
export interface Difference {
  /** False: nothing of this product does the same. */
  readonly hasEquivalent: boolean
  /** True: a part of the file at its place cannot be read, so it may have more than the differences tell. */
  readonly isBroken: boolean
  /** Null if it is about all of the input. */
  readonly place: Place | null
  readonly was: string
  readonly becomes: string
  readonly todo: string
}

/** The parts of a difference; `todo` is absent if a user has nothing to do. */
export interface Said {
  readonly place: Place | null
  readonly was: string
  readonly becomes: string
  readonly todo?: string
}

/** Collects differences. The first of several about one matter counts. */
export interface Differences {
  /** It becomes something else. @param about Names the matter; absent: each one is reported. */
  readonly different: (said: Said, about?: string) => void
  /** Nothing here does the same. */
  readonly missing: (said: Said, about?: string) => void
  /** A part of a file cannot be read. */
  readonly broken: (said: Said) => void
  /** Sorted by place. */
  readonly all: () => readonly Difference[]
}

export function createDifferences(): Differences {
  const found: Difference[] = []
  const known = new Set<string>()
  const add = (kind: Pick<Difference, "hasEquivalent" | "isBroken">, said: Said, about?: string) => {
    if (about !== undefined && known.has(about)) return
    if (about !== undefined) known.add(about)
    found.push({ todo: NOTHING_TO_DO, ...said, ...kind })
  }
  return {
    different: (said, about) => add({ hasEquivalent: true, isBroken: false }, said, about),
    missing: (said, about) => add({ hasEquivalent: false, isBroken: false }, said, about),
    broken: (said) => add({ hasEquivalent: false, isBroken: true }, said),
    all: () => found.toSorted((a, b) => byPlace(asProblem(a), asProblem(b))),
  }
}

/** In the column of a table that says what to do. */
const NOTHING_TO_DO = "nothing"

function asProblem({ place, was }: Difference): Parameters<typeof byPlace>[0] {
  return { code: "", severity: "error", path: [], place, message: was }
}
