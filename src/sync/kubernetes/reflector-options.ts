import type { Clock } from "../../kit/time/clock.ts"
import type { Collection } from "./collection.ts"
import type { Timings } from "./timings.ts"
import type { KubernetesApi } from "./ports.ts"

/** Troubles, named as in the log. */
export type ReflectorWarning =
  | "list or watch failed"
  /** No byte arrived, not even a bookmark: sync replaces the watch. */
  | "watch silent"
  /** A line of a watch was not an event: sync lists everything again. */
  | "watch garbled"
  /** A list lacks too much: sync lists again before it uses it. */
  | "list held"
  /** A comparison found changed objects that no watch reported. */
  | "resync drift"

export interface ReflectorOptions {
  readonly collection: Collection
  readonly api: KubernetesApi
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  readonly patience: Timings
  /** Called when a kept object has changed, or when everything is listed for the first time. */
  readonly onChange: () => void
  /** Number of its objects that are already known from the collection that it replaces. */
  readonly known: number
  readonly onWarning: (event: ReflectorWarning, facts: Readonly<Record<string, unknown>>) => void
}
