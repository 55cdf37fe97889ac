import * as z from "zod"

import { visible } from "../../kit/text/escape-hidden.ts"
import { ENTRY_STATES } from "../entry-state.ts"
import type { Drained } from "../node/drain.ts"
import { codeField, count, type Immutable, nodeStateField } from "../fields.ts"
import { type StatusVrrp, VRRP_STATES } from "../vrrp.ts"

/** Label on the Lease of each node: the name of the VipReport that it belongs to. */
export const REPORT_LABEL = "kube-keepalived-vip.io/report"
/** Annotation of that Lease: the text of the node's report. */
export const REPORT_ANNOTATION = "kube-keepalived-vip.io/report"
/** Time without a renewal after which a node's report no longer counts, in ms; a node renews its Lease every minute. */
export const REPORT_STALE_MS = 180_000

/** A trouble: the reason for an Event, and a text for people. */
export interface Trouble {
  /** UpperCamelCase, as Kubernetes writes reasons. */
  readonly reason: string
  readonly note: string
  /** The ConfigMap that it is about: `ConfigMap default/vips`; absent for the first ConfigMap, and for none of them. */
  readonly about?: string
}

/** Maximum length of a note, in characters. */
export const LONGEST_NOTE = 300

/** As in `StatusVrrp`. */
export type NodeRole = Omit<StatusVrrp, "interface">

export const MOST_TROUBLES = 5
export const MOST_NAMES = 5
export const LONGEST_NAME = 64

/** Virtual router IDs of one interface (RFC 9568, 5.2.3). */
export const MOST_ROLES = 255

/** Seconds. Source: RFC 9568, 5.2.7. */
const LONGEST_ADVERT_INTERVAL = 255

const WORD = /^[A-Za-z0-9]{1,64}$/

/** Maximum characters of the VIPs in a report: annotations of an object may have 256 KiB together. */
export const MOST_SERVED_TEXT = 48 * 1024
export const MOST_SERVICES = 4
/** `namespace/name`, each of at most 63 characters; longer names of Services are not valid. */
const LONGEST_SERVICE = 127

/** A VIP in the report of the node that serves it. Its counts are as in `StatusVip`. */
export type ServedVip = Immutable<z.infer<typeof servedField>>
const servedField = z.object({
  vip: z.string().max(LONGEST_NAME),
  state: z.enum(ENTRY_STATES),
  /** `namespace/name` of the first Services; `moreServices` is the number of the others. */
  services: z.array(z.string().max(LONGEST_SERVICE)).max(MOST_SERVICES),
  moreServices: count,
  virtualServers: count,
  realServers: count,
  readyPods: count,
  drainingPods: count,
  unreachablePods: count,
  unserved: count,
  /** Code of its problem; null if there is none. */
  problem: codeField.nullable(),
})

/** The report of one node. It fits into an annotation, whatever a user writes into a ConfigMap. */
export interface NodeReport extends Omit<Immutable<z.infer<typeof reportSchema>>, "troubles"> {
  /** The first troubles; `more` is the number of the others. */
  readonly troubles: readonly Trouble[]
}
const reportSchema = z.object({
  /** resourceVersions of the ConfigMaps that `state` is about: the newest that the node has seen; null if it sees none. */
  configMap: z.string().max(64).nullable(),
  /** First 12 hex digits of the checksum of the generation in effect; null before the first. */
  generation: z
    .string()
    .regex(/^[0-9a-f]{0,12}$/)
    .nullable(),
  state: nodeStateField,
  /** Number of VIPs in effect, including held ones. */
  vips: count,
  /** Number of pods behind them that get new connections; a pod counts once per VIP. */
  readyPods: count,
  /** Number of these VIPs with a port without a ready pod, and the first of their entries. */
  unserved: count,
  unservedNames: z.array(z.string().max(LONGEST_NAME)).max(MOST_NAMES),
  /** The node's part in each VRRP instance; null before the sidecar reports it. */
  roles: z
    .array(
      z.object({
        instance: z.string().max(LONGEST_NAME),
        state: z.enum(VRRP_STATES),
        since: z.iso.datetime().nullable(),
        reason: z.string().max(LONGEST_NOTE).nullable(),
        advertInterval: z.number().positive().max(LONGEST_ADVERT_INTERVAL).nullable(),
        priority: z.int().min(1).max(255).nullish(),
      }),
    )
    .max(MOST_ROLES)
    .nullable(),
  /**
   * The VIPs that this node serves, as a master of any VRRP instance; null for a node that is not one, and in a report of an
   * older release. `servesMore` is the number of those without room.
   */
  serves: z.array(servedField).nullable().default(null),
  servesMore: count.default(0),
  drained: z.object({ since: z.iso.datetime(), reason: z.string().max(LONGEST_NOTE) }).nullish(),
  troubles: z
    .array(
      z.object({
        reason: z.string().regex(WORD),
        note: z.string().max(LONGEST_NOTE),
        about: z.string().nullish(),
      }),
    )
    .max(MOST_TROUBLES),
  more: count,
})

/** The text of the annotation. */
export function encodeNodeReport(report: NodeReport): string {
  const { configMap, state, generation, vips, readyPods, unserved, unservedNames, roles, troubles, more } = report
  const { serves, servesMore, drained } = report
  return JSON.stringify({
    configMap,
    state,
    generation,
    vips,
    readyPods,
    unserved,
    unservedNames,
    roles,
    serves,
    servesMore,
    drained,
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
    const roles = report.roles === null ? null : report.roles.map(roleOf)
    const unservedNames = report.unservedNames.map(visible)
    const troubles = report.troubles.map(({ reason, note, about }) => trouble(reason, note, about ?? null))
    const serves = report.serves === null ? null : report.serves.map(servedOf)
    const { drained: said = null } = report
    const drained = said === null ? null : drainedOf(said)
    return { ...report, configMap, roles, unservedNames, serves, drained, troubles }
  } catch {
    return null
  }
}

/** What the Lease of a node says. */
export interface NodeLease {
  readonly node: string
  /** Null if no release of our sync can have written it. */
  readonly report: NodeReport | null
  /** When the node renewed it, ISO 8601, by the clock of the node; null if it does not say. */
  readonly renewTime: string | null
}

const leaseSchema = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).nullish() }),
  spec: z.object({ holderIdentity: z.string(), renewTime: z.string().nullish() }),
})

/** Null for an object that is not the Lease of a node. */
export function decodeNodeLease(item: unknown): NodeLease | null {
  const lease = leaseSchema.safeParse(item)
  if (!lease.success) return null
  const { metadata, spec } = lease.data
  const report = decodeNodeReport(metadata.annotations?.[REPORT_ANNOTATION] ?? "")
  return { node: spec.holderIdentity, report, renewTime: spec.renewTime ?? null }
}

/** A VIP that fits into a report, without hidden characters. */
export function servedOf({ vip, services, moreServices, ...rest }: ServedVip): ServedVip {
  const shown = services.slice(0, MOST_SERVICES).map((name) => visible(name).slice(0, LONGEST_SERVICE))
  const more = moreServices + services.length - shown.length
  return { vip: visible(vip).slice(0, LONGEST_NAME), ...rest, services: shown, moreServices: more }
}

/** A drain that fits into a report, without hidden characters. */
export function drainedOf({ since, reason }: Drained): Drained {
  return { since, reason: noteOf(reason) }
}

/** A role that fits into a report, without hidden characters. */
export function roleOf({ instance, state, since, reason, advertInterval, priority = null }: NodeRole): NodeRole {
  const name = visible(instance).slice(0, LONGEST_NAME)
  return { instance: name, state, since, reason: reason === null ? null : noteOf(reason), advertInterval, priority }
}

/** The note can reach terminals through Events and the VipReport, so it has no hidden characters. */
export function trouble(reason: string, text: string, about: string | null = null): Trouble {
  const isConfigMap = about !== null && /^ConfigMap \S{1,317}$/.test(about)
  return { reason, note: noteOf(text), ...(isConfigMap ? { about: visible(about) } : {}) }
}

/** A text that fits into a note, without hidden characters. */
export function noteOf(text: string): string {
  const note = visible(text)
  return note.length > LONGEST_NOTE ? `${note.slice(0, LONGEST_NOTE - 3)}...` : note
}
