import { memo } from "../../kit/memo.ts"
import { hasErrors, type Place, type Problem } from "../../kit/problem.ts"
import type { DesiredVip } from "../desired/desired-vip.ts"
import { resolveEntry } from "../desired/resolve.ts"
import { parseVipEntry, type RawEntry } from "../desired/vip-entry.ts"
import type { ConfigMap, Placed, ServiceObjects } from "../objects/kinds.ts"
import type { EntryOutcome, OwnInput } from "./types.ts"
import type { ModelCode } from "./problem-codes.ts"
import { nodeAddressesOf } from "./addresses/forbidden.ts"
import type { VipModel } from "./keepalived-model.ts"
import type { ModelSettings } from "./settings.ts"
import { type DrainingVip, vipModelOf, waitingOf } from "./vip-model.ts"

/** The part of an entry's outcome that depends only on the entry and on the objects that it names. */
export interface Walked {
  readonly raw: RawEntry
  /** The named Services, and the draining servers. The same objects give the same walk. */
  readonly services: readonly (readonly [name: string, objects: ServiceObjects | undefined])[]
  readonly draining: DrainingVip | undefined
  /** The Nodes when their addresses matter, as with DR; otherwise null. */
  readonly addressees: OwnInput["objects"]["nodes"] | null
  /** The nodes of its endpoints, and the unreachable ones among them. */
  readonly nodes: ReadonlySet<string>
  readonly gone: readonly string[]
  readonly vip: VipModel | null
  readonly waiting: readonly string[]
  readonly problems: readonly Problem<ModelCode>[]
  /** The outcome when nothing outside the entry prevents it; null when the entry itself has errors. */
  readonly good: EntryOutcome | null
}

/**
 * Walks the entries of a ConfigMap, in its order. Keeps the result of an entry until the entry or an object that it names
 * changes.
 */
export function createEntryWalk(settings: ModelSettings): (input: OwnInput) => readonly Walked[] {
  let last: ReadonlyMap<string, Walked> = new Map()
  return (input) => {
    const walked = rawEntries(input.configMap).map((raw) => walkAgain(last.get(raw.key), raw, input, settings))
    last = new Map(walked.map((one) => [one.raw.key, one]))
    return walked
  }
}

function walkAgain(before: Walked | undefined, raw: RawEntry, input: OwnInput, settings: ModelSettings): Walked {
  return before !== undefined && isSame(before, raw, input) ? before : walk(raw, input, settings)
}

const rawEntries = memo((configMap: Placed<ConfigMap>): readonly RawEntry[] =>
  Object.entries(configMap.object.data).map(([key, text]) => ({
    key,
    text,
    place: configMap.keyPlaces.get(key) ?? configMap.place,
    firstLine: configMap.firstLines?.get(key),
  })),
)

function walk(raw: RawEntry, input: OwnInput, settings: ModelSettings): Walked {
  const draining = input.draining.get(raw.key)
  const parsed = parseVipEntry(raw)
  if (parsed.value === null)
    return {
      ...{ raw, services: [], draining, addressees: null, nodes: new Set(), gone: [] },
      ...{ vip: null, waiting: [], problems: parsed.problems, good: null },
    }
  const names = parsed.value.targets.map((target) => `${target.namespace}/${target.name}`)
  const services = names.map((name) => [name, input.objects.services.get(name)] as const)
  const resolved = resolveEntry(parsed.value, raw.place, input.objects.services)
  const isDirect = parsed.value.targets.some(({ forwardingMethod }) => forwardingMethod !== "NAT")
  const addressees = isDirect ? input.objects.nodes : null
  const nodeAddresses = nodeAddressesOf(addressees ?? [])
  const built = vipModelOf(resolved.value, raw.place, { ...input, settings, nodeAddresses })
  const nodes = nodesOf(resolved.value)
  const gone = [...nodes].filter((node) => input.unreachable.has(node))
  const problems = [...resolved.problems, ...built.problems]
  const made = { vip: built.value, waiting: waitingOf(resolved.value, built.value), problems }
  const outcome = { key: raw.key, text: raw.text, place: raw.place, state: "good", services: names, ...made } as const
  return { raw, services, draining, addressees, nodes, gone, ...made, good: hasErrors(problems) ? null : outcome }
}

function nodesOf({ virtualServers }: DesiredVip): ReadonlySet<string> {
  const nodes = new Set<string>()
  for (const { endpoints } of virtualServers) for (const { node } of endpoints) if (node !== null) nodes.add(node)
  return nodes
}

function hasSameGone({ nodes, gone }: Walked, unreachable: ReadonlySet<string>): boolean {
  let count = 0
  for (const node of unreachable) if (nodes.has(node)) count += 1
  return count === gone.length && gone.every((node) => unreachable.has(node))
}

function isSame(before: Walked, raw: RawEntry, input: OwnInput): boolean {
  return (
    isSameRaw(before.raw, raw) &&
    before.draining === input.draining.get(raw.key) &&
    hasSameGone(before, input.unreachable) &&
    (before.addressees === null || before.addressees === input.objects.nodes) &&
    before.services.every(([name, objects]) => input.objects.services.get(name) === objects)
  )
}

function isSameRaw(a: RawEntry, b: RawEntry): boolean {
  return a.text === b.text && isSamePlace(a.place, b.place) && isSamePlace(a.firstLine, b.firstLine)
}

function isSamePlace(a: Place | null | undefined, b: Place | null | undefined): boolean {
  return a?.file === b?.file && a?.line === b?.line && a?.column === b?.column
}
