import * as z from "zod"

import type { Problem } from "../kit/problem.ts"
import { flowMapping, flowText } from "../kit/yaml-text.ts"
import { type Decoded, decodeYaml } from "./decode.ts"
import { ENTRY_STATES, type EntryState } from "./entry-state.ts"
import { listLines, problemField, problemLine, schemaField, sequenceField, sha256Field } from "./fields.ts"
import { generationNameField } from "./fields.ts"
import { SCHEMA, STATUS_FILE } from "./layout.ts"
import { type StatusVrrp, vrrpField } from "./vrrp.ts"

/**
 * How the last pass ended.
 *
 * `unchanged`, `applied`: good. `rejected`: the generation did not pass, the last good configuration runs on.
 * `rolled-back`: it passed and did not work, the last good one is back. `stranded`: neither works, a person is needed.
 * `waiting`: nothing to apply yet.
 */
export type StatusOutcome = (typeof OUTCOMES)[number]
const OUTCOMES = ["unchanged", "applied", "rejected", "rolled-back", "stranded", "waiting"] as const

/** Whether keepalived runs. `without-vrrp`: its parent does, and the process that speaks VRRP does not. */
export type StatusKeepalived = (typeof KEEPALIVED)[number]
const KEEPALIVED = ["running", "without-vrrp", "stopped", "unknown"] as const

/**
 * How the kernel compares with what is in effect. `found`: it differs. `repaired`: it did, was set right, and has not been
 * compared since. `unknown`: not compared yet.
 */
export type StatusDrift = (typeof DRIFTS)[number]
const DRIFTS = ["none", "found", "repaired", "unknown"] as const

export interface StatusVip {
  /** The address; where it cannot be read, what stands in its place. */
  readonly vip: string
  /** The entry's key in the ConfigMap. */
  readonly entry: string
  readonly state: EntryState
  /** Whether keepalived has this address, in whatever form: as written, held, or as it was before what is pending. */
  readonly inEffect: boolean
  /** `namespace/name`. */
  readonly services: readonly string[]
  /** How many virtual servers the VIP has, and how many real servers these have together. */
  readonly virtualServers: number
  readonly realServers: number
  /** How many pods get new connections. */
  readonly readyPods: number
  /** How many ports of its Services have no ready pod: no virtual server stands for them, and nobody answers there. */
  readonly unserved: number
  /** Why it is not `applied`, or what a person should know; null where there is nothing to say. */
  readonly reason: string | null
}

/** How the other nodes answer that host real servers. */
export interface StatusNodes {
  /** How many are asked, every second. */
  readonly watched: number
  /** Names. What runs there gets no new connections, unless there is nothing else. */
  readonly unreachable: readonly string[]
  /** How many have never answered, and the first of their names: of these nothing is known, and nothing follows from it. */
  readonly unheard: number
  readonly unheardNames: readonly string[]
  /** True while half of them or more are silent: then it may be this node that is cut off, and no other is judged. */
  readonly cutOff: boolean
}

/** `applied/status.yaml`: what the sidecar made of the generation. */
export interface Status {
  /** When this was written, ISO 8601. For people; nothing is decided by it. */
  readonly time: string
  readonly outcome: StatusOutcome
  /** Why the outcome is none of the good ones; null where it is. */
  readonly reason: string | null
  /** Sequence of the last generation that was read whole; null before the first. */
  readonly observedGeneration: number | null
  /** Sequence of the generation that keepalived runs on. */
  readonly appliedGeneration: number | null
  /** Of the keepalived.conf that keepalived is known to have read. */
  readonly appliedSha256: string | null
  /** Name of the archived generation that a rollback holds in place; null when the newest counts. */
  readonly pinned: string | null
  readonly node: string
  readonly interface: string | null
  readonly vrrp: StatusVrrp
  readonly keepalived: StatusKeepalived
  readonly drift: StatusDrift
  /** Such as `2.3.3`; null where keepalived cannot be run. */
  readonly keepalivedVersion: string | null
  /** Null where nodes are not asked. */
  readonly nodes: StatusNodes | null
  readonly vips: readonly StatusVip[]
  readonly problems: readonly Problem[]
}

const count = z.int().min(0)

export const statusSchema = z.object({
  schema: schemaField,
  time: z.string(),
  outcome: z.enum(OUTCOMES),
  reason: z.string().nullable(),
  observedGeneration: sequenceField.nullable(),
  appliedGeneration: sequenceField.nullable(),
  appliedSha256: sha256Field.nullable(),
  pinned: generationNameField.nullable(),
  node: z.string(),
  interface: z.string().nullable(),
  vrrp: vrrpField,
  keepalived: z.enum(KEEPALIVED),
  drift: z.enum(DRIFTS),
  keepalivedVersion: z.string().nullable(),
  // A sidecar of an older release does not say.
  nodes: z
    .object({
      watched: count,
      unreachable: z.array(z.string()),
      unheard: count,
      unheardNames: z.array(z.string()),
      cutOff: z.boolean(),
    })
    .nullable()
    .default(null),
  vips: z.array(
    z.object({
      vip: z.string(),
      entry: z.string(),
      state: z.enum(ENTRY_STATES),
      inEffect: z.boolean(),
      services: z.array(z.string()),
      virtualServers: count,
      realServers: count,
      readyPods: count,
      unserved: count,
      reason: z.string().nullable(),
    }),
  ),
  problems: z.array(problemField),
})

/** Reads the text of `applied/status.yaml`. */
export function decodeStatus(text: string): Decoded<Status> {
  return decodeYaml(STATUS_FILE, statusSchema, text)
}

/** The text of `applied/status.yaml`: each VIP and each problem on one line, some milliseconds for a thousand. */
export function encodeStatus(status: Status): string {
  return (
    `schema: ${SCHEMA}\n` +
    `time: ${flowText(status.time)}\n` +
    `outcome: ${status.outcome}\n` +
    `reason: ${orNull(status.reason)}\n` +
    `observedGeneration: ${status.observedGeneration}\n` +
    `appliedGeneration: ${status.appliedGeneration}\n` +
    `appliedSha256: ${orNull(status.appliedSha256)}\n` +
    `pinned: ${orNull(status.pinned)}\n` +
    `node: ${flowText(status.node)}\n` +
    `interface: ${orNull(status.interface)}\n` +
    `vrrp: ${flowMapping({ ...status.vrrp })}\n` +
    `keepalived: ${status.keepalived}\n` +
    `drift: ${status.drift}\n` +
    `keepalivedVersion: ${orNull(status.keepalivedVersion)}\n` +
    `nodes: ${status.nodes === null ? "null" : flowMapping({ ...status.nodes })}\n` +
    listLines("vips", status.vips, vipLine) +
    listLines("problems", status.problems, problemLine)
  )
}

function vipLine(one: StatusVip): string {
  const { vip, entry, state, inEffect, services, virtualServers, realServers, readyPods, unserved, reason } = one
  const counts = { virtualServers, realServers, readyPods, unserved }
  return flowMapping({ vip, entry, state, inEffect, services, ...counts, reason })
}

function orNull(text: string | null): string {
  return text === null ? "null" : flowText(text)
}
