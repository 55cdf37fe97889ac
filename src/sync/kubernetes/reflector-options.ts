import type { Clock } from "../../kit/clock.ts"
import type { Collection } from "./collection.ts"
import type { Patience } from "./patience.ts"
import type { KubernetesApi } from "./ports.ts"

/** What can go wrong, in the words of the log. */
export type Trouble =
  | "list or watch failed"
  /** Not a byte came, not even a bookmark: the watch was replaced. */
  | "watch silent"
  /** A line of a watch was not an event: everything is listed again. */
  | "watch garbled"
  /** A list lacks so much that it is asked for again first. */
  | "list held"
  /** A comparison found objects of which no watch had told. */
  | "resync drift"

export interface ReflectorOptions {
  readonly collection: Collection
  readonly api: KubernetesApi
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  readonly patience: Patience
  /** Something of ours differs, or everything has been listed for the first time. */
  readonly changed: () => void
  /** How many of its objects are known already, from a collection that it is to replace. */
  readonly known: number
  readonly trouble: (event: Trouble, facts: Readonly<Record<string, unknown>>) => void
}
