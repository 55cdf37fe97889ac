import { compare, hasErrors, type Place, type Problem } from "../../kit/problem.ts"
import { quoted } from "../desired/vip-entry.ts"
import type { ClusterObjects, ConfigMap, Placed } from "../objects/kinds.ts"
import { allowanceProblems } from "./blast-radius.ts"
import { claimProblems } from "./claims.ts"
import type { ModelCode } from "./codes.ts"
import type { LastGood } from "./hold.ts"
import type { KeepalivedModel, VipModel } from "./keepalived-model.ts"
import { LIMITS, limitProblems, tooManyEntries } from "./limits.ts"
import type { Others } from "./others.ts"
import { createOutcomes, type Outcomes } from "./outcomes.ts"
import { createOwnNodes, NO_PAST, nodeAddressOf, type OwnNodes, type Past } from "./own-nodes.ts"
import type { Refusal } from "./refusal.ts"
import type { ModelSettings, NodeFacts } from "./settings.ts"
import type { Draining } from "./vip-model.ts"
import { vrrpInstanceOf } from "./vrrp-instance.ts"

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

/**
 * Builds models. What it made of an entry is kept as long as nothing that the entry names has changed, so that a pass
 * over a thousand entries costs what the changed ones cost; the result is the same as without.
 */
export function createModelBuilder(settings: ModelSettings): (input: ModelInput) => BuiltModel {
  const outcomesOf = createOutcomes(settings)
  const countEntries = createCount()
  const ownNodes = createOwnNodes()
  return (given) => {
    const input = ownInput(given, ownNodes)
    // Not even looked at: a ConfigMap has room for a hundred thousand, each with a problem of its own.
    if (countEntries(input.configMap) > LIMITS.entries)
      return { model: null, entries: [], problems: [tooManyEntries(input.configMap)], own: input.own }
    return assemble(input, settings, outcomesOf(input))
  }
}

function ownInput(given: ModelInput, ownNodes: ReturnType<typeof createOwnNodes>): OwnInput {
  const past = given.past ?? NO_PAST
  const own = ownNodes({ nodes: given.objects.nodes, configMap: given.configMap, past })
  return { ...given, past, own, objects: { ...given.objects, nodes: own.nodes } }
}

/** The keys of a thousand entries are not listed each time. */
function createCount(): (configMap: Placed<ConfigMap>) => number {
  let last: { readonly configMap: Placed<ConfigMap>; readonly count: number } | null = null
  return (configMap) => {
    if (last?.configMap !== configMap) last = { configMap, count: Object.keys(configMap.object.data).length }
    return last.count
  }
}

function assemble(input: OwnInput, settings: ModelSettings, { entries, vips, problems, gone }: Outcomes): BuiltModel {
  const { own, past } = input
  // What is remembered of the Nodes is less than what was made of them.
  const ranked = own.isRemembered && past.vrrp !== null ? [] : own.nodes
  const instance = vrrpInstanceOf(ranked, input.node, { settings, before: past.vrrp })
  const unreachable = [...gone].toSorted(compare).map((node) => unreachableProblem(node, input.objects))
  const above = [
    ...(own.isRemembered ? [nodesRemembered(own.nodes.length)] : []),
    ...(input.node.notes ?? []),
    ...instance.problems,
    ...unreachable,
    ...limitProblems(input.configMap, vips),
    ...allowanceProblems(input.configMap),
    ...claimProblems(input.configMap, input.objects.services),
  ]
  const all = [...above, ...problems]
  if (instance.value === null || hasErrors(above)) return { model: null, entries, problems: all, own }
  const routerId = input.node.name.replaceAll(/[^A-Za-z0-9.-]/g, "-")
  return {
    model: { routerId, vrrp: instance.value, releaseFile: settings.releaseFile, vips },
    entries,
    problems: all,
    own,
  }
}

function nodesRemembered(count: number): Problem<ModelCode> {
  return {
    code: "NODES_LOST",
    severity: "warning",
    path: ["Node"],
    place: null,
    message: `Cannot see any Node: there were ${count}; this node keeps the rank and the peers that it had`,
  }
}

function unreachableProblem(name: string, { nodes }: ClusterObjects): Problem<ModelCode> {
  const node = nodes.find(({ object }) => object.metadata.name === name)
  const address = node === undefined ? null : nodeAddressOf(node.object)
  return {
    code: "NODE_UNREACHABLE",
    severity: "warning",
    path: [`Node ${name}`],
    place: node?.place ?? null,
    message: `Cannot reach node ${quoted(name)}${address === null ? "" : ` (${address})`}: it answers no more; its pods get no new connections until it does, unless a virtual server has no others`,
  }
}
