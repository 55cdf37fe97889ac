import type { Problem } from "../../kit/problem.ts"
import type { ClusterObjects, ConfigMap, Placed } from "../objects/kinds.ts"
import type { Declaration, DeclarationId } from "../declare/declaration.ts"
import type { ModelCode } from "./problem-codes.ts"
import type { LastGood } from "./last-good.ts"
import type { KeepalivedModel, VipModel } from "./keepalived-model.ts"
import type { Others } from "./addresses/others.ts"
import type { OwnNodes, Past } from "./addresses/own-nodes.ts"
import type { Refusal } from "./refusal.ts"
import type { NodeFacts } from "./settings.ts"
import type { Draining } from "./vip-model.ts"

/** The input of a model. */
export interface ModelInput {
  readonly objects: ClusterObjects
  /** The ConfigMaps that hold entries. Of several entries for one address, the first that can run has it. */
  readonly configMaps: readonly Placed<ConfigMap>[]
  readonly node: NodeFacts
  /** The last working form of each VIP. Empty when nothing ran before, as in the CLI. */
  readonly lastGood: LastGood
  /** Why this node cannot use an entry as written. */
  readonly refused: ReadonlyMap<DeclarationId, Refusal>
  readonly draining: Draining
  /** Names of the unreachable nodes. Empty in the CLI, unless it reads them from the sidecar. */
  readonly unreachable: ReadonlySet<string>
  /** Foreign addresses and virtual servers. Absent when there was no search, as in the CLI, or it found none. */
  readonly others?: Others
  /** Facts from earlier configurations on this node. Absent when nothing ran before, as in the CLI. */
  readonly past?: Past
}

/** The outcome of one VIP of an entry. An entry without a readable address has one outcome. */
export interface EntryOutcome {
  readonly declaration: Declaration
  readonly text: string
  /** Null when the entry does not have an address that can be read. */
  readonly address: string | null
  /**
   * `good`: runs as written. `held`: broken, its last good form runs. `partial`: new and broken, its valid virtual servers run.
   * `left-out`: new and broken, nothing runs. `pending`: new, and the sidecar is asking the LAN for another holder of its address;
   * or it goes, and its last good form runs until that is known of the addresses that replace it.
   */
  readonly state: "good" | "held" | "partial" | "left-out" | "pending"
  /** True when its entry can be read and does not name this address any more. */
  readonly isGoing?: true
  /** Null when left out, or new and pending. */
  readonly vip: VipModel | null
  /** `namespace/name` of its Services; for a held entry, those of its last good form. */
  readonly services: readonly string[]
  /** Its virtual servers without endpoints, by virtualServerKey(). */
  readonly waiting: readonly string[]
  /** The problems of this VIP, and of its entry. */
  readonly problems: readonly Problem<ModelCode>[]
}

export interface BuiltModel {
  /** Null when a problem concerns all entries: then what runs must stay unchanged. */
  readonly model: KeepalivedModel | null
  /** In the order of the ConfigMaps; the VIPs of an entry follow each other. */
  readonly entries: readonly EntryOutcome[]
  /** All problems, including those of the entries. */
  readonly problems: readonly Problem<ModelCode>[]
  /** The Nodes, with only their own addresses. */
  readonly own: OwnNodes
}

/** An input whose Nodes have only their own addresses. */
export interface OwnInput extends ModelInput {
  readonly past: Past
  readonly own: OwnNodes
}
