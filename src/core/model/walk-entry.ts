import { hasErrors, type Place, type Problem } from "../../kit/problem.ts"
import { type Declaration, serviceNames } from "../declare/declaration.ts"
import { entriesOf, type RawEntry } from "../declare/entries.ts"
import { parseEntry } from "../declare/parse-entry.ts"
import type { DesiredVip } from "../desired/desired-vip.ts"
import { resolve } from "../desired/resolve.ts"
import type { ServiceObjects } from "../objects/kinds.ts"
import type { EntryOutcome, OwnInput } from "./types.ts"
import type { ModelCode } from "./problem-codes.ts"
import type { Claim } from "./addresses/claim.ts"
import { nodeAddressesOf } from "./addresses/forbidden.ts"
import type { VipModel } from "./keepalived-model.ts"
import type { ModelSettings } from "./settings.ts"
import { type DrainingVip, vipModelOf, waitingOf } from "./vip-model.ts"

/** The part of an entry's outcome that depends only on the entry and on the objects that it names. */
export interface Walked {
  readonly raw: RawEntry
  readonly declaration: Declaration
  /** The named Services, and the draining servers. The same objects give the same walk. */
  readonly services: readonly (readonly [name: string, objects: ServiceObjects | undefined])[]
  readonly draining: readonly (DrainingVip | undefined)[]
  /** The Nodes when their addresses matter, as with DR; otherwise null. */
  readonly addressees: OwnInput["objects"]["nodes"] | null
  /** The nodes of its endpoints, and the unreachable ones among them. */
  readonly nodes: ReadonlySet<string>
  readonly gone: readonly string[]
  /** False when its text has errors: then it may ask for other addresses than these. */
  readonly isReadable: boolean
  /** One for each address, in the order of the text; one without an address when it has none. */
  readonly vips: readonly WalkedVip[]
}

/** A VIP of an entry. */
export interface WalkedVip {
  /** Null when the entry does not have an address that can be read. */
  readonly claim: Claim | null
  readonly vip: VipModel | null
  readonly waiting: readonly string[]
  readonly problems: readonly Problem<ModelCode>[]
  /** The outcome when nothing outside the entry prevents it; null when the entry itself has errors. */
  readonly good: EntryOutcome | null
}

/**
 * Walks the entries of the ConfigMaps, in their order. Keeps the result of an entry until the entry or an object that it names
 * changes.
 */
export function createEntryWalk(settings: ModelSettings): (input: OwnInput) => readonly Walked[] {
  let last: ReadonlyMap<string, Walked> = new Map()
  return (input) => {
    const walked = input.configMaps.flatMap(entriesOf).map((raw) => {
      const before = last.get(raw.id)
      return before !== undefined && isSame(before, raw, input) ? before : walk(raw, input, settings)
    })
    last = new Map(walked.map((one) => [one.raw.id, one]))
    return walked
  }
}

function walk(raw: RawEntry, input: OwnInput, settings: ModelSettings): Walked {
  const { value: declaration, problems: faults } = parseEntry(raw)
  const { addresses } = declaration
  const draining = drainingOf(declaration, input)
  if (hasErrors(faults)) {
    const broken = { vip: null, waiting: [], problems: faults, good: null }
    const claims = addresses.length === 0 ? [null] : claimsOf(declaration)
    const vips = claims.map((claim) => ({ claim, ...broken }))
    const nothing = { services: [], addressees: null, nodes: new Set<string>(), gone: [] }
    return { raw, declaration, draining, ...nothing, isReadable: false, vips }
  }
  const names = serviceNames(declaration)
  const services = names.map((name) => [name, input.objects.services.get(name)] as const)
  const resolved = resolve(declaration, input.objects.services)
  const isDirect = declaration.services.some(({ forwardingMethod }) => forwardingMethod !== "NAT")
  const addressees = isDirect ? input.objects.nodes : null
  const context = { ...input, settings, nodeAddresses: nodeAddressesOf(addressees ?? []) }
  const nodes = new Set(resolved.value.slice(0, 1).flatMap(nodesOf))
  const gone = [...nodes].filter((node) => input.unreachable.has(node))
  const claims = claimsOf(declaration)
  const vips = resolved.value.map((desired, at): WalkedVip => {
    const built = vipModelOf(desired, context)
    const problems = [...resolved.problems, ...built.problems]
    const made = { vip: built.value, waiting: waitingOf(desired, built.value), problems }
    const text = { declaration, text: raw.text, address: desired.address }
    const good = hasErrors(problems) ? null : ({ ...text, state: "good", services: names, ...made } as const)
    return { claim: claims[at] ?? null, ...made, good }
  })
  return { raw, declaration, services, draining, addressees, nodes, gone, isReadable: true, vips }
}

function claimsOf({ addresses, path }: Declaration): readonly Claim[] {
  return addresses.map(({ text, place }) => ({ address: text, path, place }))
}

function drainingOf({ addresses }: Declaration, { draining }: OwnInput): Walked["draining"] {
  return addresses.map(({ text }) => draining.get(text))
}

/** The nodes of its endpoints. */
function nodesOf({ virtualServers }: DesiredVip): readonly string[] {
  return virtualServers.flatMap(({ endpoints }) => endpoints.flatMap(({ node }) => node ?? []))
}

function hasSameGone({ nodes, gone }: Walked, unreachable: ReadonlySet<string>): boolean {
  let count = 0
  for (const node of unreachable) if (nodes.has(node)) count += 1
  return count === gone.length && gone.every((node) => unreachable.has(node))
}

function isSame(before: Walked, raw: RawEntry, input: OwnInput): boolean {
  return (
    isSameRaw(before.raw, raw) &&
    drainingOf(before.declaration, input).every((one, at) => one === before.draining[at]) &&
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
