import type { Place, Problem } from "../../kit/problem.ts"
import { inAddressOrder } from "../desired/address.ts"
import { type RawEntry, parseVipEntry, quoted } from "../desired/vip-entry.ts"
import { resolveEntry } from "../desired/resolve.ts"
import type { ClusterObjects, ConfigMap, Placed, ServiceObjects } from "../objects/kinds.ts"
import type { ModelCode } from "./codes.ts"
import type { KeepalivedModel, VipModel } from "./keepalived-model.ts"
import { type LastGood, heldForm } from "./hold.ts"
import type { ModelSettings, NodeFacts } from "./settings.ts"
import { type Draining, type DrainingVip, vipModelOf } from "./vip-model.ts"
import { vrrpInstanceOf } from "./vrrp-instance.ts"

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
  let kept = new Map<string, Kept>()
  return (input) => {
    const next = new Map<string, Kept>()
    const nodeAddresses = nodeAddressesOf(input)
    const entries = rawEntries(input.configMap).map((raw) => {
      const before = kept.get(raw.key)
      const now = before !== undefined && isSame(before, raw, input) ? before : walk(raw, input, settings)
      next.set(raw.key, now)
      return finish(now, input, { settings, nodeAddresses })
    })
    kept = next
    return assemble(input, settings, entries)
  }
}

export const LIMITS = { vips: 1_000, realServers: 20_000 } as const

/** The part of an entry's outcome that depends on the entry and on what it names, and on nothing else. */
interface Kept {
  readonly raw: RawEntry
  /** What it names, and what of it drains: same objects, same walk. */
  readonly services: readonly (readonly [name: string, objects: ServiceObjects | undefined])[]
  readonly draining: DrainingVip | undefined
  readonly vip: VipModel | null
  readonly problems: readonly Problem<ModelCode>[]
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
  if (parsed.value === null) return { raw, services: [], draining, vip: null, problems: parsed.problems }
  const names = parsed.value.targets.map((target) => `${target.namespace}/${target.name}`)
  const services = names.map((name) => [name, input.objects.services.get(name)] as const)
  const resolved = resolveEntry(parsed.value, raw.place, input.objects.services)
  const built = vipModelOf(resolved.value, raw.place, { settings, draining: input.draining })
  return { raw, services, draining, vip: built.value, problems: [...resolved.problems, ...built.problems] }
}

function isSame(before: Kept, raw: RawEntry, input: ModelInput): boolean {
  return (
    before.raw.text === raw.text &&
    before.raw.place?.file === raw.place?.file &&
    before.raw.place?.line === raw.place?.line &&
    before.raw.place?.column === raw.place?.column &&
    before.draining === input.draining.get(raw.key) &&
    before.services.every(([name, objects]) => input.objects.services.get(name) === objects)
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
  const base = { key: raw.key, text: raw.text, place: raw.place }
  const node = context.nodeAddresses.get(raw.key)
  if (node !== undefined)
    return { ...base, state: "left-out", vip: null, problems: [...walked.problems, isNodeAddress(raw, node)] }
  const refusal = input.refused.get(raw.key)
  const problems = refusal === undefined ? walked.problems : [...walked.problems, refused(raw, refusal)]
  const errors = problems.some((problem) => problem.severity === "error")
  if (!errors) return withIpvs({ ...base, state: "good", vip, problems }, input.node)
  const lastGood = input.lastGood.get(raw.key)
  if (lastGood !== undefined) {
    const held = heldForm(raw, lastGood, {
      services: input.objects.services,
      settings: context.settings,
      draining: input.draining,
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

function assemble(input: ModelInput, settings: ModelSettings, entries: readonly EntryOutcome[]): BuiltModel {
  const instance = vrrpInstanceOf(input.objects.nodes, input.node, settings)
  const vips = inAddressOrder(
    entries.flatMap((entry) => entry.vip ?? []),
    (vip) => vip.address,
  )
  const above = [...instance.problems, ...limitProblems(input, vips)]
  const problems = [...above, ...entries.flatMap((entry) => entry.problems)]
  if (instance.value === null || above.some((problem) => problem.severity === "error"))
    return { model: null, entries, problems }
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
  let realServers = 0
  for (const vip of vips) for (const server of vip.virtualServers) realServers += server.realServers.length
  if (realServers > LIMITS.realServers)
    problems.push(
      problem(
        "TOO_MANY_REAL_SERVERS",
        `Cannot forward to ${realServers} real servers: at most ${LIMITS.realServers} are possible; what runs is kept`,
      ),
    )
  return problems
}

function nodeAddressesOf(input: ModelInput): ReadonlyMap<string, string> {
  const addresses = new Map<string, string>()
  for (const { object } of input.objects.nodes)
    for (const { address } of object.status.addresses) addresses.set(address, object.metadata.name)
  return addresses
}

function isNodeAddress(raw: RawEntry, node: string): Problem<ModelCode> {
  return {
    code: "VIP_IS_NODE_ADDRESS",
    severity: "error",
    path: ["data", raw.key],
    place: raw.place,
    message: `Cannot announce ${raw.key}: it is the address of node ${quoted(node)}; choose one that nobody has`,
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
