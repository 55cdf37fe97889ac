import type { Log } from "../kit/process/log.ts"
import { problemText } from "../kit/problem.ts"
import type { PassOutcome } from "./reconcile.ts"

export interface LogState {
  /** The problems in the last line; empty if there are none. */
  readonly held: string
  readonly tookMs: number
}

/** Logs one line for each change, and the same problems only once. @returns The problems that are held now. */
export function logOutcome(log: Log, outcome: PassOutcome, { held, tookMs }: LogState): string {
  switch (outcome.kind) {
    case "published": {
      const { sequence, directory } = outcome.published
      const text = partHeld(log, outcome, held)
      log.info("published", { generation: sequence, directory, tookMs })
      return text
    }
    case "failed": {
      const problems = outcome.problems.map(problemText)
      const text = problems.join("\n")
      const facts = { generation: outcome.published?.sequence ?? null, error: outcome.fault, problems, tookMs }
      if (text === held) log.debug("cannot publish", facts)
      else log.error("cannot publish", facts)
      return text
    }
    case "unchanged":
      if (held === "") log.debug("unchanged", { generation: outcome.published.sequence, tookMs })
      return partHeld(log, outcome, held)
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

/** Logs ConfigMaps that are held beside others that are published. @returns The problems that are held now. */
function partHeld(log: Log, outcome: Extract<PassOutcome, { kind: "published" | "unchanged" }>, held: string): string {
  const problems = outcome.problems.map(problemText)
  const text = problems.join("\n")
  const generation = outcome.published.sequence
  if (text === "" && held !== "") log.info("mended", { generation })
  if (text !== "" && text !== held) log.warn("held in part", { generation, problems })
  return text
}
