import { compare, hasErrors, type Problem, problemText } from "../../kit/problem.ts"
import { memo } from "../../kit/memo.ts"
import { inAddressOrder } from "../address/order.ts"
import { quoted } from "../../kit/text/quoted.ts"
import type { ClusterObjects } from "../objects/kinds.ts"
import { allowanceProblems } from "./guards.ts"
import { advertisedOf, classicProblems } from "./addresses/advertised.ts"
import type { Claim } from "./addresses/claim.ts"
import { claimProblems } from "./addresses/claims.ts"
import { nodeAddressesOf } from "./addresses/forbidden.ts"
import { withOwners } from "./addresses/owners.ts"
import { type Lan, lanOf, subnetProblems } from "./addresses/subnets.ts"
import { finishEntry } from "./finish-entry.ts"
import { orphansIn } from "./last-good.ts"
import type { ModelCode } from "./problem-codes.ts"
import { entriesProblem, limitProblems } from "./limits.ts"
import { createOwnNodes, NO_PAST, nodeAddressOf } from "./addresses/own-nodes.ts"
import type { ModelSettings } from "./settings.ts"
import type { BuiltModel, EntryOutcome, ModelInput, OwnInput } from "./types.ts"
import { vrrpInstancesOf } from "./vrrp-instance.ts"
import { createEntryWalk } from "./walk-entry.ts"

/**
 * Builds models. Caches the result of an entry until an object that it names changes, so that a pass over a thousand entries
 * costs only the changed ones. The result is the same without the cache.
 */
export function createModelBuilder(settings: ModelSettings): (input: ModelInput) => BuiltModel {
  const walkEntries = createEntryWalk(settings)
  const warningsOn = createSubnetWarnings()
  const ownNodes = createOwnNodes()
  return (given) => {
    const input = ownInput(given, ownNodes)
    // Entries are not read at all: a ConfigMap has room for a hundred thousand, each with its own problem.
    const tooMany = entriesProblem(input.configMaps)
    if (tooMany !== null) return { model: null, entries: [], problems: [tooMany], own: input.own }
    const walked = walkEntries(input)
    const { nodes } = input.objects
    const context = {
      settings,
      nodeAddresses: nodeAddressesOf(nodes),
      echoes: input.own.echoes,
      orphans: orphansIn(input.lastGood, new Set(walked.map(({ declaration }) => declaration.id))),
      subnetWarnings: warningsOn(lanOf(input.node, nodes)),
    }
    const entries = withOwners(walked.flatMap((one) => finishEntry(one, input, context)))
    return assemble(input, settings, { entries, gone: new Set(walked.flatMap(({ gone }) => gone)) })
  }
}

function ownInput(given: ModelInput, ownNodes: ReturnType<typeof createOwnNodes>): OwnInput {
  const past = given.past ?? NO_PAST
  const own = ownNodes({ nodes: given.objects.nodes, configMaps: given.configMaps, past })
  return { ...given, past, own, objects: { ...given.objects, nodes: own.nodes } }
}

type Warnings = (claim: Claim) => readonly Problem<ModelCode>[]

/** The warnings about the subnet of a VIP. Finds them again only for a changed entry, or when the LAN has changed. */
function createSubnetWarnings(): (lan: Lan) => Warnings {
  let last: { readonly lan: string; readonly warnings: Warnings } | null = null
  return (lan) => {
    const text = JSON.stringify(lan)
    if (last?.lan !== text) last = { lan: text, warnings: memo((claim) => subnetProblems(claim, lan)) }
    return last.warnings
  }
}

interface Outcomes {
  /** In the order of the ConfigMaps. */
  readonly entries: readonly EntryOutcome[]
  /** Unreachable nodes with endpoints of an entry. */
  readonly gone: ReadonlySet<string>
}

function assemble(input: OwnInput, settings: ModelSettings, { entries, gone }: Outcomes): BuiltModel {
  const { own, past } = input
  const vips = inAddressOrder(entries.flatMap(({ vip }) => vip ?? []))
  // The VRRP instances that ran are more exact than the remembered Nodes.
  const ranked = own.isRemembered && past.instances.length > 0 ? [] : own.nodes
  const advertised = advertisedOf(vips, entries)
  const instances = vrrpInstancesOf(ranked, input.node, { settings, before: past.instances, vips, advertised })
  const unreachable = [...gone].toSorted(compare).map((node) => unreachableProblem(node, input.objects))
  const above = [
    ...(own.isRemembered ? [nodesRemembered(own.nodes.length)] : []),
    ...(input.node.notes ?? []),
    ...instances.problems,
    ...unreachable,
    ...limitProblems(input.configMaps, vips),
    ...(settings.layout === "classic" ? classicProblems(advertised, entries) : []),
    ...input.configMaps.flatMap(allowanceProblems),
    ...claimProblems(entries, input.objects.services),
  ]
  const all = [...above, ...problemsOf(entries)]
  if (instances.value === null || hasErrors(above)) return { model: null, entries, problems: all, own }
  const routerId = input.node.name.replaceAll(/[^A-Za-z0-9.-]/g, "-")
  const { vrrpVersion, releaseFile } = settings
  return { model: { routerId, vrrpVersion, releaseFile, instances: instances.value }, entries, problems: all, own }
}

/** The problems of all entries. The VIPs of one entry share most of theirs. */
function problemsOf(entries: readonly EntryOutcome[]): readonly Problem<ModelCode>[] {
  let told = { id: "", texts: new Set<string>() }
  return entries.flatMap(({ declaration, problems }) => {
    const isNext = told.id !== declaration.id
    if (isNext) told = { id: declaration.id, texts: new Set() }
    const texts = problems.map(problemText)
    const fresh = isNext ? problems : problems.filter((_, at) => !told.texts.has(texts[at] ?? ""))
    for (const text of texts) told.texts.add(text)
    return fresh
  })
}

function nodesRemembered(count: number): Problem<ModelCode> {
  return {
    code: "NODES_LOST",
    severity: "warning",
    path: ["Node"],
    place: null,
    message: `Cannot find any Node: there were ${count}; this node keeps its rank and its peers`,
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
    message: `Cannot reach node ${quoted(name)}${address === null ? "" : ` (${address})`}: it does not answer; new connections avoid its pods until it answers again, unless a virtual server has no other pods`,
  }
}
