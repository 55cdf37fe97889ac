import * as z from "zod"

import { type StatusVrrp, VRRP_STATES } from "../../contract/vrrp.ts"
import { problemText } from "../../kit/problem.ts"
import { visible } from "../../kit/text/escape-hidden.ts"
import { reasonOf } from "./event-reason.ts"
import {
  isAlive,
  isApplied,
  LONGEST_NOTE,
  type NodeView,
  noteOf,
  type Trouble,
  trouble,
  troublesOf,
} from "./node-troubles.ts"

/**
 * The state of the newest input on one node.
 *
 * `applied`: all of it is in effect. `pending`: not yet. `wrong`: at least a part is not in effect, and a person must act.
 */
export type NodeState = "applied" | "pending" | "wrong"

/** The report of one node. It fits into an annotation, whatever a user writes into a ConfigMap. */
export interface NodeReport {
  /** resourceVersions of the ConfigMaps that `state` is about: the newest that the node has seen; null if it sees none. */
  readonly configMap: string | null
  readonly state: NodeState
  /** First 12 hex digits of the checksum of the generation in effect; null before the first. */
  readonly generation: string | null
  /** Number of VIPs in effect, including held ones. */
  readonly vips: number
  /** Number of pods behind them that get new connections; a pod counts once per VIP. */
  readonly readyPods: number
  /** Number of these VIPs with a port without a ready pod, and the first of their entries. */
  readonly unserved: number
  readonly unservedNames: readonly string[]
  /** The node's part in each VRRP instance; null before the sidecar reports it. */
  readonly roles: readonly NodeRole[] | null
  /** The first troubles; `more` is the number of the others. */
  readonly troubles: readonly Trouble[]
  readonly more: number
}

/** As in `StatusVrrp`. */
export type NodeRole = Omit<StatusVrrp, "interface">

const MOST_TROUBLES = 5
const MOST_NAMES = 5
const LONGEST_NAME = 64

/**
 * Pure: equal views give equal reports. A change of endpoints does not change the report: whether a node is up to date depends
 * on the ConfigMap, not on the newest generation. The report has no current times.
 */
export function nodeReportOf(view: NodeView): NodeReport {
  const { configMap, firstConfigMap, held, said, origins } = view
  const status = said?.status ?? null
  const unserved = status?.vips.filter((vip) => vip.inEffect && vip.unserved > 0) ?? []
  const troubles = [
    ...held.map((problem) => trouble(reasonOf(problem.code), problemText(problem), problem.path[0])),
    ...troublesOf(view),
  ]
  const shown = troubles.slice(0, MOST_TROUBLES)
  return {
    configMap,
    state: troubles.length > 0 ? "wrong" : isApplied(view) ? "applied" : "pending",
    generation: origins.get(status?.appliedGeneration ?? 0)?.contentSha256.slice(0, 12) ?? null,
    vips: status?.vips.filter(({ inEffect }) => inEffect).length ?? 0,
    readyPods: status?.vips.reduce((sum, vip) => sum + (vip.inEffect ? vip.readyPods : 0), 0) ?? 0,
    unserved: unserved.length,
    unservedNames: unserved.slice(0, MOST_NAMES).map(({ entry }) => visible(entry).slice(0, LONGEST_NAME)),
    roles: rolesOf(view),
    troubles: shown.map((one) => (one.about === firstConfigMap ? trouble(one.reason, one.note) : one)),
    more: troubles.length - shown.length,
  }
}

/** The node's part in each VRRP instance; it is unknown if the agent is dead. */
function rolesOf({ said }: NodeView): readonly NodeRole[] | null {
  if (said === null) return null
  const unknown = isAlive(said) ? {} : ({ state: "unknown", since: null, reason: "the agent is silent" } as const)
  return said.status.vrrp.slice(0, MOST_ROLES).map((one) => noted({ ...one, ...unknown }))
}

function noted({ instance, state, since, reason, advertInterval }: NodeRole): NodeRole {
  const name = visible(instance).slice(0, LONGEST_NAME)
  return { instance: name, state, since, reason: reason === null ? null : noteOf(reason), advertInterval }
}

/** Virtual router IDs of one interface (RFC 9568, 5.2.3). */
const MOST_ROLES = 255

/** Seconds. Source: RFC 9568, 5.2.7. */
const LONGEST_ADVERT_INTERVAL = 255

const WORD = /^[A-Za-z0-9]{1,64}$/

const reportSchema = z.object({
  configMap: z.string().max(64).nullable(),
  generation: z
    .string()
    .regex(/^[0-9a-f]{0,12}$/)
    .nullable(),
  state: z.enum(["applied", "pending", "wrong"]),
  vips: z.int().min(0),
  readyPods: z.int().min(0),
  unserved: z.int().min(0),
  unservedNames: z.array(z.string().max(LONGEST_NAME)).max(MOST_NAMES),
  roles: z
    .array(
      z.object({
        instance: z.string().max(LONGEST_NAME),
        state: z.enum(VRRP_STATES),
        since: z.iso.datetime().nullable(),
        reason: z.string().max(LONGEST_NOTE).nullable(),
        advertInterval: z.number().positive().max(LONGEST_ADVERT_INTERVAL).nullable(),
      }),
    )
    .max(MOST_ROLES)
    .nullable(),
  troubles: z
    .array(
      z.object({
        reason: z.string().regex(WORD),
        note: z.string().max(LONGEST_NOTE),
        about: z.string().nullish(),
      }),
    )
    .max(MOST_TROUBLES),
  more: z.int().min(0),
})

/** The text of the annotation. */
export function encodeNodeReport(report: NodeReport): string {
  const { configMap, state, generation, vips, readyPods, unserved, unservedNames, roles, troubles, more } = report
  return JSON.stringify({
    configMap,
    state,
    generation,
    vips,
    readyPods,
    unserved,
    unservedNames,
    roles,
    troubles,
    more,
  })
}

/** Null if no release of our sync can have written the text. */
export function decodeNodeReport(text: string): NodeReport | null {
  try {
    const report = reportSchema.parse(JSON.parse(text))
    // Other programs may write our Leases, so the text may not be harmless.
    const configMap = report.configMap === null ? null : visible(report.configMap)
    const roles = report.roles === null ? null : report.roles.map(noted)
    const unservedNames = report.unservedNames.map(visible)
    const troubles = report.troubles.map(({ reason, note, about }) => trouble(reason, note, about ?? null))
    return { ...report, configMap, roles, unservedNames, troubles }
  } catch {
    return null
  }
}
