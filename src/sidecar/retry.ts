import type { Workings } from "./agent-ports.ts"

/** Lets what was refused or failed be tried again: an interface may have appeared meanwhile. */
export function retest({ state, look }: Pick<Workings, "state" | "look">): void {
  state.update({ attempted: null, refusals: null })
  look()
}

/** Has what failed tried again after `ms`, unless another attempt comes first. */
export function retryLater(ms: number, workings: Workings): void {
  workings.timers.set("retry", ms, () => retest(workings))
}
