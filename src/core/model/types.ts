import type { Place, Problem } from "../../kit/problem.ts"
import type { ClusterObjects, ConfigMap, Placed } from "../objects/kinds.ts"
import type { ModelCode } from "./codes.ts"
import type { LastGood } from "./hold.ts"
import type { KeepalivedModel, VipModel } from "./keepalived-model.ts"
import type { Others } from "./others.ts"
import type { OwnNodes, Past } from "./own-nodes.ts"
import type { Refusal } from "./refusal.ts"
import type { NodeFacts } from "./settings.ts"
import type { Draining } from "./vip-model.ts"

/** What a model is built from. */
export interface ModelInput {
  readonly objects: ClusterObjects
  readonly configMap: Placed<ConfigMap>
  readonly node: NodeFacts
  /** Entry key -> the form in which that entry last worked. Empty where nothing ran before, as in the CLI. */
  readonly lastGood: ReadonlyMap<string, LastGood>
  /** Entry key -> why this node cannot take it as it is written. */
  readonly refused: ReadonlyMap<string, Refusal>
  readonly draining: Draining
  /** Names of the nodes that answer no more. None in the CLI, but where the sidecar says so. */
  readonly unreachable: ReadonlySet<string>
  /** What this host has of others. Absent where nobody looked, as in the CLI, or nothing was found. */
  readonly others?: Others
  /** What earlier configurations on this node tell. Absent where nothing ran before, as in the CLI. */
  readonly past?: Past
}

/** What became of one entry. */
export interface EntryOutcome {
  readonly key: string
  readonly text: string
  readonly place: Place | null
  /**
   * `good`: as written. `held`: broken, its last good form runs on. `partial`: new, and only what breaks no rule runs.
   * `left-out`: new and broken, nothing of it runs. `pending`: new, and the LAN is being asked whether anybody has its address.
   */
  readonly state: "good" | "held" | "partial" | "left-out" | "pending"
  /** Null when left out or pending. */
  readonly vip: VipModel | null
  /** `namespace/name` of the Services that it names; of a held one, those of its last good form. */
  readonly services: readonly string[]
  /** The virtual servers that it asks for and that have no endpoint now, by virtualServerKey(). */
  readonly waiting: readonly string[]
  /** This entry's own problems. */
  readonly problems: readonly Problem<ModelCode>[]
}

export interface BuiltModel {
  /** Null when something above the entries is wrong: then what runs must go on unchanged. */
  readonly model: KeepalivedModel | null
  /** In the order of the ConfigMap. */
  readonly entries: readonly EntryOutcome[]
  /** All problems, those of the entries among them. */
  readonly problems: readonly Problem<ModelCode>[]
  /** The Nodes as they were read: with the addresses that are their own. */
  readonly own: OwnNodes
}

/** An input whose Nodes have the addresses that are their own, and no others. */
export interface OwnInput extends ModelInput {
  readonly past: Past
  readonly own: OwnNodes
}
