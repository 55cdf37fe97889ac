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
  if (outcome.kind === "settling") {
    log.debug("settling", { retryAfterMs: outcome.retryAfterMs })
    return held
  }
  const generation = outcome.published?.sequence ?? null
  const problems = outcome.problems.map(problemText)
  const text = problems.join("\n")
  switch (outcome.kind) {
    case "published":
    case "unchanged":
      if (outcome.kind === "unchanged" && held === "") log.debug("unchanged", { generation, tookMs })
      if (text === "" && held !== "") log.info("mended", { generation })
      // ConfigMaps that are held beside others that are published.
      if (text !== "" && text !== held) log.warn("held in part", { generation, problems })
      if (outcome.kind === "published")
        log.info("published", { generation, directory: outcome.published.directory, tookMs })
      return text
    case "failed":
      log[text === held ? "debug" : "error"]("cannot publish", { generation, error: outcome.fault, problems, tookMs })
      return text
    case "held":
      if (text !== held) log.warn("held", { generation, problems, tookMs })
      return text
  }
}
