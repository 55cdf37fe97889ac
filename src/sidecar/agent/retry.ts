import type { Workings } from "./ports.ts"
import { afterRetest } from "./transitions.ts"

export type Retrying = Pick<Workings, "state" | "timers" | "requestObserve">

/** Allows a refused or failed text to be tried again: an interface may have appeared meanwhile. */
export function retest({ state, requestObserve }: Pick<Retrying, "state" | "requestObserve">): void {
  state.become(afterRetest)
  requestObserve()
}

/** Tries a failed text again after `ms`, unless another attempt comes first. */
export function retryLater(ms: number, workings: Retrying): void {
  workings.timers.set("retry", ms, () => retest(workings))
}
