import type { Place, Problem } from "../../kit/problem.ts"
import { compare } from "../../kit/problem.ts"
import { inAddressOrder } from "../desired/address.ts"
import type { DesiredVip } from "../desired/desired-vip.ts"
import { type RawEntry, parseVipEntry, quoted } from "../desired/vip-entry.ts"
import { resolveEntry } from "../desired/resolve.ts"
import type { ClusterObjects, ConfigMap, Placed, ServiceObjects } from "../objects/kinds.ts"
import { allowanceProblems } from "./blast-radius.ts"
import type { ModelCode } from "./codes.ts"
import { forbiddenAddress, nodeAddressesOf } from "./forbidden.ts"
import { type KeepalivedModel, sizeOf, type VipModel, virtualServerKey } from "./keepalived-model.ts"
import { type LastGood, heldForm } from "./hold.ts"
import type { ModelSettings, NodeFacts } from "./settings.ts"
import { type Draining, type DrainingVip, vipModelOf } from "./vip-model.ts"
import { nodeAddressOf, vrrpInstanceOf } from "./vrrp-instance.ts"

/** What a model is built from. */
export interface ModelInput {
  readonly objects: ClusterObjects
  readonly configMap: Placed<ConfigMap>
  readonly node: NodeFacts
  /** Entry key -> the form in which that entry last worked. Empty where nothing ran before, as in the CLI. */
  readonly lastGood: ReadonlyMap<string, LastGood>
  /** Entry key -> what keepalived said of it when it refused the file. */
  readonly refused: ReadonlyMap<string, string>
  readonly draining: Draining
  /** Names of the nodes that answer no more. None in the CLI, but where the sidecar says so. */
  readonly unreachable: ReadonlySet<string>
}

/** What became of one entry. */
export interface EntryOutcome {
  readonly key: string
  readonly text: string
  readonly place: Place | null
  /**
   * `good`: as written. `held`: broken, its last good form runs on. `partial`: new, and only what breaks no rule runs.
   * `left-out`: new and broken, nothing of it runs.
   */
  readonly state: "good" | "held" | "partial" | "left-out"
  /** Null when left out. */
  readonly vip: VipModel | null
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
}

/**
 * Builds models. What it made of an entry is kept as long as nothing that the entry names has changed, so that a pass
 * over a thousand entries costs what the changed ones cost; the result is the same as without.
 */
export function createModelBuilder(settings: ModelSettings): (input: ModelInput) => BuiltModel {
  let last: { readonly configMap: Placed<ConfigMap> | null; readonly walked: readonly Kept[] } = {
    configMap: null,
    walked: [],
  }
  return (input) => {
    const { configMap } = input
    // Not even looked at: a ConfigMap has room for a hundred thousand, each with a problem of its own.
    if (Object.keys(configMap.object.data).length > LIMITS.entries)
      return { model: null, entries: [], problems: [tooManyEntries(configMap)] }
    const before = last.walked
    const walked =
      configMap === last.configMap
        ? before.map((one) => walkAgain(one, one.raw, input, settings))
        : walkAnew(before, input, settings)
    last = { configMap, walked }
    const context = { settings, nodeAddresses: nodeAddressesOf(input.objects) }
    const gone = new Set(walked.flatMap((one) => one.gone))
    const entries = walked.map((one) => finish(one, input, context))
    return assemble(input, settings, { entries, gone })
  }
}

export const LIMITS = { entries: 2_000, vips: 1_000, realServers: 20_000 } as const

function tooManyEntries({ object, place }: Placed<ConfigMap>): Problem<ModelCode> {
  const count = Object.keys(object.data).length
  return {
    code: "TOO_MANY_VIPS",
    severity: "error",
    path: ["data"],
    place,
    message: `Cannot read ${count} entries: at most ${LIMITS.entries} are looked at; what runs is kept`,
  }
}

/** The part of an entry's outcome that depends on the entry and on what it names, and on nothing else. */
interface Kept {
  readonly raw: RawEntry
  /** What it names, and what of it drains: same objects, same walk. */
  readonly services: readonly (readonly [name: string, objects: ServiceObjects | undefined])[]
  readonly draining: DrainingVip | undefined
  /** The nodes that its endpoints are on, and those among them that answer no more. */
  readonly nodes: ReadonlySet<string>
  readonly gone: readonly string[]
  readonly vip: VipModel | null
  readonly waiting: readonly string[]
  readonly problems: readonly Problem<ModelCode>[]
  /** What becomes of the entry where nothing outside speaks against it; null when it has errors of its own. */
  readonly good: EntryOutcome | null
}

function walkAnew(before: readonly Kept[], input: ModelInput, settings: ModelSettings): readonly Kept[] {
  const byKey = new Map(before.map((one) => [one.raw.key, one]))
  return rawEntries(input.configMap).map((raw) => walkAgain(byKey.get(raw.key), raw, input, settings))
}

function walkAgain(before: Kept | undefined, raw: RawEntry, input: ModelInput, settings: ModelSettings): Kept {
  return before !== undefined && isSame(before, raw, input) ? before : walk(raw, input, settings)
}

function rawEntries(configMap: Placed<ConfigMap>): RawEntry[] {
  return Object.entries(configMap.object.data).map(([key, text]) => ({
    key,
    text,
    place: configMap.keyPlaces.get(key) ?? configMap.place,
  }))
}

function walk(raw: RawEntry, input: ModelInput, settings: ModelSettings): Kept {
  const draining = input.draining.get(raw.key)
  const parsed = parseVipEntry(raw)
  if (parsed.value === null)
    return {
      ...{ raw, services: [], draining, nodes: new Set(), gone: [] },
      ...{ vip: null, waiting: [], problems: parsed.problems, good: null },
    }
  const names = parsed.value.targets.map((target) => `${target.namespace}/${target.name}`)
  const services = names.map((name) => [name, input.objects.services.get(name)] as const)
  const resolved = resolveEntry(parsed.value, raw.place, input.objects.services)
  const built = vipModelOf(resolved.value, raw.place, { ...input, settings })
  const nodes = nodesOf(resolved.value)
  const gone = [...nodes].filter((node) => input.unreachable.has(node))
  const problems = [...resolved.problems, ...built.problems]
  const made = { vip: built.value, waiting: waitingOf(resolved.value, built.value), problems }
  const outcome = { key: raw.key, text: raw.text, place: raw.place, state: "good", ...made } as const
  return { raw, services, draining, nodes, gone, ...made, good: hasErrors(problems) ? null : outcome }
}

function waitingOf({ address, virtualServers }: DesiredVip, built: VipModel): readonly string[] {
  if (virtualServers.length === built.virtualServers.length) return []
  const made = new Set(built.virtualServers.map(virtualServerKey))
  return virtualServers.map((one) => virtualServerKey({ ...one, address })).filter((key) => !made.has(key))
}

function nodesOf({ virtualServers }: DesiredVip): ReadonlySet<string> {
  const nodes = new Set<string>()
  for (const { endpoints } of virtualServers) for (const { node } of endpoints) if (node !== null) nodes.add(node)
  return nodes
}

function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === "error")
}

function hasSameGone({ nodes, gone }: Kept, unreachable: ReadonlySet<string>): boolean {
  let count = 0
  for (const node of unreachable) if (nodes.has(node)) count += 1
  return count === gone.length && gone.every((node) => unreachable.has(node))
}

function isSame(before: Kept, raw: RawEntry, input: ModelInput): boolean {
  return (
    (before.raw === raw || isSameRaw(before.raw, raw)) &&
    before.draining === input.draining.get(raw.key) &&
    hasSameGone(before, input.unreachable) &&
    before.services.every(([name, objects]) => input.objects.services.get(name) === objects)
  )
}

function isSameRaw(a: RawEntry, b: RawEntry): boolean {
  return (
    a.text === b.text &&
    a.place?.file === b.place?.file &&
    a.place?.line === b.place?.line &&
    a.place?.column === b.place?.column
  )
}

interface FinishContext {
  readonly settings: ModelSettings
  /** Address -> name of the node that has it. */
  readonly nodeAddresses: ReadonlyMap<string, string>
}

/** Decides what runs of an entry: itself, its last good form, a part of it, or nothing. */
function finish(walked: Kept, input: ModelInput, context: FinishContext): EntryOutcome {
  const { raw, vip } = walked
  const base = { key: raw.key, text: raw.text, place: raw.place, waiting: walked.waiting }
  const forbidden = forbiddenAddress(raw, context.nodeAddresses, context.settings)
  // Not even its last good form may run: that would be somebody else's address.
  if (forbidden !== null) return { ...base, state: "left-out", vip: null, problems: [...walked.problems, forbidden] }
  const refusal = input.refused.get(raw.key)
  if (refusal === undefined && walked.good !== null) return withIpvs(walked.good, input.node)
  const problems = refusal === undefined ? walked.problems : [...walked.problems, refused(raw, refusal)]
  const lastGood = input.lastGood.get(raw.key)
  if (lastGood !== undefined) {
    const held = heldForm(raw, lastGood, {
      services: input.objects.services,
      settings: context.settings,
      draining: input.draining,
      unreachable: input.unreachable,
      refused: refusal !== undefined,
    })
    return withIpvs({ ...base, state: "held", vip: held, problems }, input.node)
  }
  const usable = refusal === undefined && vip !== null && vip.virtualServers.length > 0
  return withIpvs({ ...base, state: usable ? "partial" : "left-out", vip: usable ? vip : null, problems }, input.node)
}

/** keepalived ends when it meets a virtual server and the kernel has no IPVS, so on such a node a VIP with Services is left out. */
function withIpvs(outcome: EntryOutcome, node: NodeFacts): EntryOutcome {
  if (node.ipvs || outcome.vip === null || outcome.vip.virtualServers.length === 0) return outcome
  const problem: Problem<ModelCode> = {
    code: "IPVS_MISSING",
    severity: "error",
    path: ["data", outcome.key],
    place: outcome.place,
    message: `Cannot forward anything on node "${node.name}": its kernel has no IPVS; load the module with "modprobe ip_vs"`,
  }
  return { ...outcome, state: "left-out", vip: null, problems: [...outcome.problems, problem] }
}

function assemble(
  input: ModelInput,
  settings: ModelSettings,
  { entries, gone }: { readonly entries: readonly EntryOutcome[]; readonly gone: ReadonlySet<string> },
): BuiltModel {
  const instance = vrrpInstanceOf(input.objects.nodes, input.node, settings)
  const announced: VipModel[] = []
  const problems: Problem<ModelCode>[] = []
  for (const { vip, problems: own } of entries) {
    if (vip !== null) announced.push(vip)
    for (const problem of own) problems.push(problem)
  }
  const vips = inAddressOrder(announced, (vip) => vip.address)
  const unreachable = [...gone].toSorted(compare).map((node) => unreachableProblem(node, input.objects))
  const above = [
    ...instance.problems,
    ...unreachable,
    ...limitProblems(input, vips),
    ...allowanceProblems(input.configMap),
  ]
  problems.unshift(...above)
  if (instance.value === null || hasErrors(above)) return { model: null, entries, problems }
  const routerId = input.node.name.replaceAll(/[^A-Za-z0-9.-]/g, "-")
  return { model: { routerId, vrrp: instance.value, releaseFile: settings.releaseFile, vips }, entries, problems }
}

function limitProblems(input: ModelInput, vips: readonly VipModel[]): Problem<ModelCode>[] {
  const problem = (code: ModelCode, message: string): Problem<ModelCode> => ({
    code,
    severity: "error",
    path: ["data"],
    place: input.configMap.place,
    message,
  })
  const problems: Problem<ModelCode>[] = []
  if (vips.length > LIMITS.vips)
    problems.push(
      problem(
        "TOO_MANY_VIPS",
        `Cannot announce ${vips.length} VIPs: at most ${LIMITS.vips} are possible; what runs is kept`,
      ),
    )
  const { realServers } = sizeOf({ vips })
  if (realServers > LIMITS.realServers)
    problems.push(
      problem(
        "TOO_MANY_REAL_SERVERS",
        `Cannot forward to ${realServers} real servers: at most ${LIMITS.realServers} are possible; what runs is kept`,
      ),
    )
  return problems
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

function refused(raw: RawEntry, why: string): Problem<ModelCode> {
  return {
    code: "REFUSED_BY_KEEPALIVED",
    severity: "error",
    path: ["data", raw.key],
    place: raw.place,
    message: `Cannot use this entry: keepalived refuses what it leads to: ${why}`,
  }
}
