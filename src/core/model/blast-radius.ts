import { quoted } from "../desired/vip-entry.ts"
import type { ConfigMap, Placed } from "../objects/kinds.ts"
import { ALLOW_MASS_REMOVAL } from "../objects/schema.ts"
import type { Problem } from "../../kit/problem.ts"
import type { BuiltModel, EntryOutcome } from "./types.ts"
import type { ModelCode } from "./problem-codes.ts"
import { type KeepalivedModel, virtualServerKey } from "./keepalived-model.ts"

/**
 * Why a configuration that would remove most of what works is held.
 *
 * `mass-removal`: entries, or ports of Services, are gone. `endpoints-lost`: the entries remain, and their endpoints are gone.
 * `nodes-lost`: all Nodes are gone.
 */
export type BlastGuard = "mass-removal" | "endpoints-lost" | "nodes-lost"

/** Default of `percent`. */
export const GUARD_PERCENT = 50

/** A step from one configuration to the next. */
export interface Step {
  /** The configuration that runs or last ran. */
  readonly before: Pick<KeepalivedModel, "vips">
  readonly nodesBefore: number
  readonly configMap: Placed<ConfigMap>
  readonly nodes: number
  readonly built: BuiltModel
  /** Maximum share of VIPs or virtual servers to remove at once, in percent; two are always allowed. 100 disables the guard. */
  readonly percent: number
}

export interface Held {
  readonly guard: BlastGuard
  readonly problem: Problem<ModelCode>
}

/**
 * Whether a step removes enough of what works to need confirmation.
 *
 * A VIP or a virtual server that stays with fewer real servers is not removed. A broken entry keeps its last good form, so
 * only its endpoints can be missing.
 *
 * @returns null when the step is allowed: it is small, or the ConfigMap's annotation names the number of remaining entries.
 */
export function heldBack(step: Step): Held | null {
  const { configMap, built, percent } = step
  if (built.model === null || percent >= 100 || isAllowed(configMap.object)) return null
  if (step.nodesBefore > 0 && step.nodes === 0) return nodesLost(step)
  const after = keysOf(built.model)
  const impossible = new Set(built.entries.filter(isImpossible).map(({ key }) => key))
  const before = keysOf({ vips: step.before.vips.filter(({ key }) => !impossible.has(key)) })
  const vips = before.vips.filter((address) => !after.vips.includes(address))
  if (tooMany(vips, before.vips, percent)) return massRemoval("VIPs", { gone: vips, of: before.vips }, step)
  const kept = new Set(after.virtualServers)
  const gone = before.virtualServers.filter((key) => !kept.has(key))
  const waiting = waitingIn(built)
  const removed = gone.filter((key) => !waiting(key))
  const all = { gone, of: before.virtualServers }
  if (tooMany(removed, before.virtualServers, percent))
    return massRemoval("virtual servers", { ...all, gone: removed }, step)
  return tooMany(gone, before.virtualServers, percent) ? endpointsLost(all, step) : null
}

/** Warns of an annotation that does not match the number of entries. */
export function allowanceProblems({ object, place }: Placed<ConfigMap>): readonly Problem<ModelCode>[] {
  const { allowMassRemoval } = object.metadata
  if (allowMassRemoval === null || isAllowed(object)) return []
  return [
    {
      code: "ALLOWANCE_STALE",
      severity: "warning",
      path: ["metadata", "annotations", ALLOW_MASS_REMOVAL],
      place,
      message:
        `The annotation ${ALLOW_MASS_REMOVAL} is ${quoted(allowMassRemoval)}, and the number of entries is ${entriesOf(object)}: it allows nothing now; ` +
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

function isAllowed(configMap: ConfigMap): boolean {
  return configMap.metadata.allowMassRemoval === entriesOf(configMap)
}

function entriesOf({ data }: ConfigMap): string {
  return String(Object.keys(data).length)
}

function keysOf({ vips }: Pick<KeepalivedModel, "vips">) {
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

function massRemoval(what: "VIPs" | "virtual servers", loss: Loss, step: Step): Held {
  const message = `${cannotRemove(what, loss)}: what runs is kept; ${howToAllow(step)}`
  return { guard: "mass-removal", problem: problem("MASS_REMOVAL", message, step) }
}

function endpointsLost(loss: Loss, step: Step): Held {
  const why = "they have lost all endpoints; what runs is kept until the loss has lasted"
  const message = `${cannotRemove("virtual servers", loss)}: ${why}; ${howToAllow(step)}`
  return { guard: "endpoints-lost", problem: problem("ENDPOINTS_LOST", message, step) }
}

function nodesLost(step: Step): Held {
  const message = `Cannot continue without Nodes: there were ${step.nodesBefore}; what runs is kept; ${howToAllow(step)}`
  return { guard: "nodes-lost", problem: problem("NODES_LOST", message, step) }
}

function cannotRemove(what: "VIPs" | "virtual servers", { gone, of }: Loss): string {
  const shown = gone.slice(0, SHOWN[what])
  const more = gone.length > shown.length ? ` and ${gone.length - shown.length} more` : ""
  return `Cannot remove ${gone.length} of ${of.length} ${what} at once (${shown.join(", ")}${more})`
}

/** Maximum names in a message, so that the whole message fits into an Event. */
const SHOWN = { VIPs: 3, "virtual servers": 1 } as const

function howToAllow({ configMap: { object } }: Step): string {
  return `to allow it, annotate the ConfigMap with ${ALLOW_MASS_REMOVAL}: "${entriesOf(object)}", the number of its entries`
}

function problem(code: ModelCode, message: string, { configMap }: Step): Problem<ModelCode> {
  return { code, severity: "error", path: ["data"], place: configMap.place, message }
}
