import { quoted } from "../desired/vip-entry.ts"
import type { ConfigMap, Placed } from "../objects/kinds.ts"
import { ALLOW_MASS_REMOVAL } from "../objects/schema.ts"
import type { Problem } from "../../kit/problem.ts"
import type { BuiltModel, EntryOutcome } from "./types.ts"
import type { ModelCode } from "./codes.ts"
import { type KeepalivedModel, virtualServerKey } from "./keepalived-model.ts"

/**
 * Why a configuration that would take away most of what works is held.
 *
 * `mass-removal`: entries, or ports of Services, are gone. `endpoints-lost`: they are there, and none of their endpoints is.
 * `nodes-lost`: there were Nodes, and now there is none.
 */
export type BlastGuard = "mass-removal" | "endpoints-lost" | "nodes-lost"

/** What `percent` is where nobody says otherwise. */
export const GUARD_PERCENT = 50

/** A step from one configuration to the next. */
export interface Step {
  /** What runs, or last ran. */
  readonly before: Pick<KeepalivedModel, "vips">
  readonly nodesBefore: number
  readonly configMap: Placed<ConfigMap>
  readonly nodes: number
  readonly built: BuiltModel
  /** More than so many percent, and at least three, are too many at once; 100 for no limit. */
  readonly percent: number
}

export interface Held {
  readonly guard: BlastGuard
  readonly problem: Problem<ModelCode>
}

/**
 * Whether a step takes away so much of what works that somebody must have meant it.
 *
 * A VIP or a virtual server that stays with fewer real servers is not gone. An entry that is broken keeps its last good form,
 * so that what such a one misses can only be endpoints.
 *
 * @returns null where the step may be taken: it is small, or the ConfigMap says how many entries shall be left.
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

/** What an annotation that does not fit the entries is worth saying of; none where there is no annotation, or it fits. */
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
        "take it out, or write the number of entries that shall be left",
    },
  ]
}

/**
 * What cannot stay, whoever would like it to: the operator's flag forbids it, or the kernel has no IPVS. A Node that claims
 * the addresses of VIPs is another matter: most often it is wrong.
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
  const message = `${cannotTake(what, loss)}: what runs is kept; ${howToAllow(step)}`
  return { guard: "mass-removal", problem: problem("MASS_REMOVAL", message, step) }
}

function endpointsLost(loss: Loss, step: Step): Held {
  const why = "no endpoint is left for them; what runs is kept until that has lasted"
  const message = `${cannotTake("virtual servers", loss)}: ${why}; ${howToAllow(step)}`
  return { guard: "endpoints-lost", problem: problem("ENDPOINTS_LOST", message, step) }
}

function nodesLost(step: Step): Held {
  const message = `Cannot go on without any Node: there were ${step.nodesBefore}; what runs is kept; ${howToAllow(step)}`
  return { guard: "nodes-lost", problem: problem("NODES_LOST", message, step) }
}

function cannotTake(what: "VIPs" | "virtual servers", { gone, of }: Loss): string {
  const shown = gone.slice(0, SHOWN[what])
  const more = gone.length > shown.length ? ` and ${gone.length - shown.length} more` : ""
  return `Cannot take away ${gone.length} of ${of.length} ${what} at once (${shown.join(", ")}${more})`
}

/** So many that the whole message fits into an Event. */
const SHOWN = { VIPs: 3, "virtual servers": 1 } as const

function howToAllow({ configMap: { object } }: Step): string {
  return `to let it through, annotate the ConfigMap with ${ALLOW_MASS_REMOVAL}: "${entriesOf(object)}", the number of its entries`
}

function problem(code: ModelCode, message: string, { configMap }: Step): Problem<ModelCode> {
  return { code, severity: "error", path: ["data"], place: configMap.place, message }
}
