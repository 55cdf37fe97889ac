import type { Workings } from "./ports.ts"
import { afterRetest } from "./transitions.ts"

/** Allows a refused or failed text to be tried again: an interface may have appeared meanwhile. */
export function retest({ state, requestObserve }: Pick<Workings, "state" | "requestObserve">): void {
  state.become(afterRetest)
  requestObserve()
}

/** Tries a failed text again after `ms`, unless another attempt comes first. */
export function retryLater(ms: number, workings: Workings): void {
  workings.timers.set("retry", ms, () => retest(workings))
}
