import { quoted } from "../../kit/text/quoted.ts"
import { partsOf, sourceText, vipIdOf } from "../declare/declaration.ts"
import { sourceOf } from "../declare/entries.ts"
import type { ConfigMap, Placed } from "../objects/kinds.ts"
import { ALLOW_MASS_REMOVAL } from "../objects/schema.ts"
import type { Problem } from "../../kit/problem.ts"
import type { BuiltModel, EntryOutcome } from "./types.ts"
import type { ModelCode } from "./problem-codes.ts"
import { dataPath } from "./limits.ts"
import { type KeepalivedModel, type VipModel, vipsOf, virtualServerKey } from "./keepalived-model.ts"

/**
 * Why a configuration that would remove most of what works is held.
 *
 * `mass-removal`: entries, or ports of Services, are gone. `endpoints-lost`: the entries remain, and their endpoints are gone.
 * `nodes-lost`: all Nodes are gone. `own-node`: this node is not among the Nodes, so the sidecar cannot make a configuration.
 */
export type Guard = "mass-removal" | "endpoints-lost" | "nodes-lost" | "own-node"

/** Default of `percent`. */
export const GUARD_PERCENT = 50
/** Codes of the problems by which a guard holds a change. */
export const GUARD_CODES: ReadonlySet<string> = new Set<ModelCode>([
  "MASS_REMOVAL",
  "ENDPOINTS_LOST",
  "NODES_LOST",
  "NODE_UNKNOWN",
  "NODE_WITHOUT_ADDRESS",
])

/** What a change must not remove at once. */
export interface Guarded {
  /** The configuration that runs, or ran last. */
  readonly model: Pick<KeepalivedModel, "instances">
  /** Number of Nodes that it was built from. */
  readonly nodes: number
  /** Maximum share of VIPs or virtual servers to remove at once, in percent; two are always allowed. 100 disables the guard. */
  readonly percent: number
  /** Whether the endpoints have been gone long enough to accept the loss. */
  readonly believesInLostEndpoints: boolean
}

/** The configuration that would replace it. */
export interface Successor {
  readonly configMaps: readonly Placed<ConfigMap>[]
  readonly nodes: number
  readonly built: BuiltModel
}

export type GuardVerdict =
  /** `believesInLostEndpoints`: it removes what lost its endpoints, because the loss has lasted. */
  { readonly kind: "pass"; readonly believesInLostEndpoints: boolean } | Held

interface Held {
  readonly kind: "hold"
  readonly guard: Guard
  readonly problem: Problem<ModelCode>
}

/**
 * Whether a change removes enough of what works to need confirmation. Counts each ConfigMap on its own.
 *
 * A VIP or a virtual server that stays with fewer real servers is not removed. A broken entry keeps its last good form, so
 * only its endpoints can be missing. Neither is an address removed that moves to an entry of another ConfigMap. A change passes
 * if it is small, or if the ConfigMap's annotation names the number of remaining entries.
 *
 * @param before Null when there is nothing to lose.
 */
export function guardChange(before: Guarded | null, after: Successor): GuardVerdict {
  const held = before === null || before.percent >= 100 ? null : heldBy(before, after)
  const believesInLostEndpoints = held?.guard === "endpoints-lost" && before?.believesInLostEndpoints === true
  return held === null || believesInLostEndpoints ? { kind: "pass", believesInLostEndpoints } : held
}

/** The guard that holds an input without a configuration; null when a person must correct it. */
export function guardOfProblems(problems: readonly Problem<string>[]): Guard | null {
  return problems.some(({ code }) => code === "NODE_UNKNOWN" || code === "NODE_WITHOUT_ADDRESS") ? "own-node" : null
}

function heldBy({ model, nodes, percent }: Guarded, after: Successor): Held | null {
  const { configMaps, built } = after
  if (built.model === null) return null
  if (nodes > 0 && after.nodes === 0) return configMaps.some(isAllowed) ? null : nodesLost(nodes, configMaps)
  const impossible = new Set(
    built.entries.filter(isImpossible).map(({ declaration, address }) => vipIdOf(declaration.id, address ?? "")),
  )
  const before = vipsOf(model).filter(({ id, address }) => !impossible.has(vipIdOf(id, address)))
  const left = keysOf(vipsOf(built.model))
  const waiting = waitingIn(built)
  const known = new Map(configMaps.map((one) => [sourceText(sourceOf(one)), one]))
  const objects = new Set(before.map(({ id }) => partsOf(id).object))
  const held = [...objects].flatMap((object) => {
    const configMap = known.get(object) ?? null
    if (configMap !== null && isAllowed(configMap)) return []
    const vips = before.filter(({ id }) => partsOf(id).object === object)
    return heldIn({ object, configMap, before: keysOf(vips), after: left, waiting, percent }) ?? []
  })
  // The sidecar believes in lost endpoints after a while, and never in a mass removal.
  return held.find(({ guard }) => guard === "mass-removal") ?? held[0] ?? null
}

/** The part of a change that concerns the entries of one ConfigMap. */
interface Part {
  /** `ConfigMap default/vips`. */
  readonly object: string
  /** Null when the generation does not have it any more. */
  readonly configMap: Placed<ConfigMap> | null
  readonly before: Keys
  readonly after: Keys
  /** Whether a virtual server is only without endpoints. */
  readonly waiting: (key: string) => boolean
  readonly percent: number
}

function heldIn(part: Part): Held | null {
  const { before, after, waiting, percent } = part
  const left = new Set(after.vips)
  const vips = before.vips.filter((address) => !left.has(address))
  if (tooMany(vips, before.vips, percent)) return massRemoval("VIPs", { gone: vips, of: before.vips }, part)
  const kept = new Set(after.virtualServers)
  const gone = before.virtualServers.filter((key) => !kept.has(key))
  const removed = gone.filter((key) => !waiting(key))
  const all = { gone, of: before.virtualServers }
  if (tooMany(removed, before.virtualServers, percent))
    return massRemoval("virtual servers", { ...all, gone: removed }, part)
  return tooMany(gone, before.virtualServers, percent) ? endpointsLost(all, part) : null
}

/** Warns of an annotation that does not match the number of entries. */
export function allowanceProblems(configMap: Placed<ConfigMap>): readonly Problem<ModelCode>[] {
  const { object, place } = configMap
  const { allowMassRemoval } = object.metadata
  if (allowMassRemoval === null || isAllowed(configMap)) return []
  return [
    {
      code: "ALLOWANCE_STALE",
      severity: "warning",
      path: [sourceText(sourceOf(configMap)), "metadata", "annotations", ALLOW_MASS_REMOVAL],
      place,
      message:
        `The annotation ${ALLOW_MASS_REMOVAL} is ${quoted(allowMassRemoval)}, and the number of entries is ${countOf(object)}: it allows nothing now; ` +
        "remove it, or write the number of entries that should remain",
    },
  ]
}

/**
 * True for an entry that cannot stay in any case: the operator's flag forbids it, or the kernel has no IPVS. A Node that claims
 * the addresses of VIPs does not count, because it is usually wrong.
 */
function isImpossible({ state, problems }: EntryOutcome): boolean {
  return state === "left-out" && problems.some(({ code }) => code === "VIP_OUTSIDE_RANGES" || code === "IPVS_MISSING")
}

const LEAST = 3

function tooMany(gone: readonly string[], of: readonly string[], percent: number): boolean {
  return gone.length >= LEAST && gone.length * 100 > of.length * percent
}

function isAllowed({ object }: Placed<ConfigMap>): boolean {
  return object.metadata.allowMassRemoval === countOf(object)
}

function countOf({ data }: ConfigMap): string {
  return String(Object.keys(data).length)
}

interface Keys {
  readonly vips: readonly string[]
  readonly virtualServers: readonly string[]
}

function keysOf(vips: readonly VipModel[]): Keys {
  return {
    vips: vips.map(({ address }) => address),
    virtualServers: vips.flatMap(({ virtualServers }) => virtualServers.map(virtualServerKey)),
  }
}

function waitingIn({ entries }: BuiltModel): (key: string) => boolean {
  const keys = new Set(entries.flatMap(({ waiting }) => waiting))
  const broken = new Set(entries.filter(({ state }) => state === "held").map(({ vip }) => vip?.address))
  return (key) => keys.has(key) || broken.has(key.split(" ")[0])
}

interface Loss {
  readonly gone: readonly string[]
  readonly of: readonly string[]
}

function massRemoval(what: "VIPs" | "virtual servers", loss: Loss, part: Part): Held {
  const message = `${cannotRemove(what, loss)}: what runs is kept; ${howToAllow(part)}`
  return { kind: "hold", guard: "mass-removal", problem: problem("MASS_REMOVAL", message, part.configMap) }
}

function endpointsLost(loss: Loss, part: Part): Held {
  const why = "they have lost all endpoints; what runs is kept until the loss has lasted"
  const message = `${cannotRemove("virtual servers", loss)}: ${why}; ${howToAllow(part)}`
  return { kind: "hold", guard: "endpoints-lost", problem: problem("ENDPOINTS_LOST", message, part.configMap) }
}

function nodesLost(nodesBefore: number, configMaps: Successor["configMaps"]): Held {
  const [configMap = null] = configMaps
  const cure = configMap === null ? "" : `; ${annotate(configMap)}`
  const message = `Cannot continue without Nodes: there were ${nodesBefore}; what runs is kept${cure}`
  return { kind: "hold", guard: "nodes-lost", problem: problem("NODES_LOST", message, configMap) }
}

function cannotRemove(what: "VIPs" | "virtual servers", { gone, of }: Loss): string {
  const shown = gone.slice(0, SHOWN[what])
  const more = gone.length > shown.length ? ` and ${gone.length - shown.length} more` : ""
  return `Cannot remove ${gone.length} of ${of.length} ${what} at once (${shown.join(", ")}${more})`
}

/** Maximum names in a message, so that the whole message fits into an Event. */
const SHOWN = { VIPs: 3, "virtual servers": 1 } as const

function howToAllow({ object, configMap }: Part): string {
  if (configMap !== null) return annotate(configMap)
  return `${object} is not read any more; to remove its VIPs, name it with --services-configmap and empty its data`
}

function annotate({ object }: Placed<ConfigMap>): string {
  return `to allow it, annotate the ConfigMap with ${ALLOW_MASS_REMOVAL}: "${countOf(object)}", the number of its entries`
}

function problem(code: ModelCode, message: string, configMap: Placed<ConfigMap> | null): Problem<ModelCode> {
  const path = configMap === null ? ["ConfigMap"] : dataPath(configMap)
  return { code, severity: "error", path, place: configMap?.place ?? null, message }
}
