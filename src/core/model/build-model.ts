import { compare, hasErrors, type Problem } from "../../kit/problem.ts"
import { quoted } from "../desired/vip-entry.ts"
import type { ClusterObjects } from "../objects/kinds.ts"
import { allowanceProblems } from "./blast-radius.ts"
import { claimProblems } from "./claims.ts"
import type { ModelCode } from "./codes.ts"
import { LIMITS, limitProblems, tooManyEntries } from "./limits.ts"
import { createOutcomes, type Outcomes } from "./outcomes.ts"
import { createOwnNodes, NO_PAST, nodeAddressOf } from "./own-nodes.ts"
import type { ModelSettings } from "./settings.ts"
import type { BuiltModel, ModelInput, OwnInput } from "./types.ts"
import { vrrpInstanceOf } from "./vrrp-instance.ts"

/**
 * Builds models. What it made of an entry is kept as long as nothing that the entry names has changed, so that a pass
 * over a thousand entries costs what the changed ones cost; the result is the same as without.
 */
export function createModelBuilder(settings: ModelSettings): (input: ModelInput) => BuiltModel {
  const outcomesOf = createOutcomes(settings)
  const ownNodes = createOwnNodes()
  return (given) => {
    const input = ownInput(given, ownNodes)
    // Not even looked at: a ConfigMap has room for a hundred thousand, each with a problem of its own.
    if (Object.keys(input.configMap.object.data).length > LIMITS.entries)
      return { model: null, entries: [], problems: [tooManyEntries(input.configMap)], own: input.own }
    return assemble(input, settings, outcomesOf(input))
  }
}

function ownInput(given: ModelInput, ownNodes: ReturnType<typeof createOwnNodes>): OwnInput {
  const past = given.past ?? NO_PAST
  const own = ownNodes({ nodes: given.objects.nodes, configMap: given.configMap, past })
  return { ...given, past, own, objects: { ...given.objects, nodes: own.nodes } }
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
