import { type EntryState, entryStateOf } from "../../contract/entry-state.ts"
import { vipsOf } from "../../core/model/keepalived-model.ts"
import type { Log } from "../../kit/process/log.ts"
import { problemText } from "../../kit/problem.ts"
import { vipIdOf } from "../../core/declare/declaration.ts"
import type { Candidate } from "./state.ts"
import type { ApplyOutcome } from "../apply/outcome.ts"
import type { Observation } from "./observe.ts"

/** Writes one line of the log about the end of a pass. */
export function reportPass(log: Log, tried: Candidate, result: { outcome: ApplyOutcome; tookMs: number }): void {
  const { outcome, tookMs } = result
  const fields = {
    generation: tried.generation.sequence,
    outcome: outcome.kind,
    ...("reason" in outcome ? { reason: outcome.reason } : {}),
    ...(outcome.kind === "applied" ? { testMs: Math.round(outcome.testMs) } : {}),
    ...(outcome.kind === "rejected" ? { diagnostics: outcome.diagnostics.slice(0, 5) } : {}),
    vips: vipsOf(tried.release.model).length,
    problems: tried.built.problems.slice(0, MOST_LOGGED).map(problemText),
    entries: entriesIn(tried, outcome),
    sha256: tried.release.sha256.slice(0, 12),
    tookMs: Math.round(tookMs),
  }
  if (outcome.kind === "stranded") log.error("pass", fields)
  else if (outcome.kind === "applied" || outcome.kind === "unchanged") log.info("pass", fields)
  else log.warn("pass", fields)
}

/** Logs when a guard begins to hold a generation. */
export function reportHeld(
  log: Log,
  { generation, guard, problems }: Extract<Observation, { kind: "no-model" }>,
): void {
  log.warn("held", {
    generation: generation.sequence,
    guard,
    problems: problems.slice(0, MOST_LOGGED).map(problemText),
  })
}

/** Names of the VIPs that are not simply applied, by state, in the words of the status. */
function entriesIn({ built }: Candidate, outcome: ApplyOutcome): Partial<Record<EntryState, readonly string[]>> {
  const isInEffect = outcome.kind === "applied" || outcome.kind === "unchanged"
  const keys = new Map<EntryState, string[]>()
  for (const { declaration, address, state: form, vip, waiting } of built.entries) {
    const state = entryStateOf({ form, unserved: vip === null ? 0 : waiting.length, isInEffect })
    if (state !== "applied")
      keys.set(state, [...(keys.get(state) ?? []), nameOf(declaration.id, address)].slice(0, MOST_LOGGED))
  }
  return Object.fromEntries(keys)
}

function nameOf(id: string, address: string | null): string {
  return address === null ? id : vipIdOf(id, address)
}

/** Maximum problems and entries in one line of the log; the status has all. */
const MOST_LOGGED = 10
