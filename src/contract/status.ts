import * as z from "zod"

import type { Problem } from "../kit/problem.ts"
import { flowMapping, flowText } from "../kit/text/yaml-text.ts"
import { type Decoded, decodeYamlFile } from "./decode-file.ts"
import { ENTRY_STATES, type EntryState } from "./entry-state.ts"
import { type Cause, causeField, codeField, generationNameField, schemaField, sequenceField } from "./shared-fields.ts"
import { listLines, problemField, problemLine, sha256Field } from "./shared-fields.ts"
import { SCHEMA, STATUS_FILE } from "./layout.ts"
import { type StatusVrrp, vrrpField } from "./vrrp.ts"

/**
 * The outcome of the last pass.
 *
 * `unchanged`, `applied`: good. `rejected`: the generation did not pass the checks; the last good configuration stays.
 * `rolled-back`: it passed the checks but did not work; the last good configuration is back. `stranded`: neither works, and a
 * person must act. `waiting`: there is nothing to apply yet.
 */
export type StatusOutcome = (typeof OUTCOMES)[number]
const OUTCOMES = ["unchanged", "applied", "rejected", "rolled-back", "stranded", "waiting"] as const

/** Whether keepalived runs. `without-vrrp`: its parent process runs, but its VRRP process does not. */
export type StatusKeepalived = (typeof KEEPALIVED)[number]
const KEEPALIVED = ["running", "without-vrrp", "stopped", "unknown"] as const

/**
 * Whether the kernel matches the configuration in effect. `found`: it differs. `repaired`: it differed, the sidecar repaired it,
 * and has not compared it since. `unknown`: not compared yet.
 */
export type StatusDrift = (typeof DRIFTS)[number]
const DRIFTS = ["none", "found", "repaired", "unknown"] as const

export interface StatusVip {
  /** The address; if it is not valid, the text in its place. */
  readonly vip: string
  /** The object that asks for it: `ConfigMap default/vips`. */
  readonly object: string
  /** The key of its entry there. With the object, it is unique. */
  readonly entry: string
  readonly state: EntryState
  /** Whether keepalived has this address in any form: as written, held, or as before a pending change. */
  readonly inEffect: boolean
  /** `namespace/name`. */
  readonly services: readonly string[]
  /** Number of virtual servers of the VIP, and number of their real servers in total. */
  readonly virtualServers: number
  readonly realServers: number
  /** Number of pods that get new connections. */
  readonly readyPods: number
  /** Number of ports of its Services without a ready pod: they have no virtual server, so connections to them fail. */
  readonly unserved: number
  /** Why it is not `applied`, or what a person should know; null if there is nothing to report. */
  readonly problem: Cause<string> | null
}

/** The result of probing the other nodes that host real servers. */
export interface StatusNodes {
  /** Number of nodes that the sidecar probes, once per second. */
  readonly watched: number
  /** Names. Pods on these nodes get no new connections, unless there are no others. */
  readonly unreachable: readonly string[]
  /** Number of nodes that have never answered, and the first of their names: their state is unknown and changes nothing. */
  readonly unheard: number
  readonly unheardNames: readonly string[]
  /** True while half of them or more are silent: this node itself may be cut off, so the sidecar judges no other node. */
  readonly cutOff: boolean
}

/** `applied/status.yaml`: the state of the sidecar and of the generation that it applies. */
export interface Status {
  /** When this was written, ISO 8601. For people only; no decision depends on it. */
  readonly time: string
  readonly outcome: StatusOutcome
  /** Code of the problem that `reason` is about; null if the outcome is good, or if the sidecar only waits. */
  readonly code: string | null
  /** Why the outcome is not good; null if it is good. */
  readonly reason: string | null
  /** Sequence of the last generation that the sidecar read completely; null before the first. */
  readonly observedGeneration: number | null
  /** Sequence of the generation that keepalived runs on. */
  readonly appliedGeneration: number | null
  /** Checksum of the keepalived.conf that keepalived is known to have read. */
  readonly appliedSha256: string | null
  /** Name of the archived generation that a rollback holds in place; null if there is no rollback. */
  readonly pinned: string | null
  readonly node: string
  /** In the order of the keepalived.conf; empty if no instance is known. */
  readonly vrrp: readonly StatusVrrp[]
  readonly keepalived: StatusKeepalived
  readonly drift: StatusDrift
  /** Such as `2.3.3`; null if keepalived cannot run. */
  readonly keepalivedVersion: string | null
  /** Null if the sidecar does not probe nodes. */
  readonly nodes: StatusNodes | null
  readonly vips: readonly StatusVip[]
  readonly problems: readonly Problem<string>[]
}

const count = z.int().min(0)

export const statusSchema = z.object({
  schema: schemaField,
  time: z.string(),
  outcome: z.enum(OUTCOMES),
  code: codeField.nullable(),
  reason: z.string().nullable(),
  observedGeneration: sequenceField.nullable(),
  appliedGeneration: sequenceField.nullable(),
  appliedSha256: sha256Field.nullable(),
  pinned: generationNameField.nullable(),
  node: z.string(),
  vrrp: z.array(vrrpField),
  keepalived: z.enum(KEEPALIVED),
  drift: z.enum(DRIFTS),
  keepalivedVersion: z.string().nullable(),
  // Sidecars of older releases do not write it.
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
      object: z.string(),
      entry: z.string(),
      state: z.enum(ENTRY_STATES),
      inEffect: z.boolean(),
      services: z.array(z.string()),
      virtualServers: count,
      realServers: count,
      readyPods: count,
      unserved: count,
      problem: causeField.nullable(),
    }),
  ),
  problems: z.array(problemField),
})

/** Reads the text of `applied/status.yaml`. */
export function decodeStatus(text: string): Decoded<Status> {
  return decodeYamlFile(STATUS_FILE, statusSchema, text)
}

/** The text of `applied/status.yaml`: each VIP and each problem on one line. A thousand of them take a few milliseconds. */
export function encodeStatus(status: Status): string {
  return (
    `schema: ${SCHEMA}\n` +
    `time: ${flowText(status.time)}\n` +
    `outcome: ${status.outcome}\n` +
    `code: ${orNull(status.code)}\n` +
    `reason: ${orNull(status.reason)}\n` +
    `observedGeneration: ${status.observedGeneration}\n` +
    `appliedGeneration: ${status.appliedGeneration}\n` +
    `appliedSha256: ${orNull(status.appliedSha256)}\n` +
    `pinned: ${orNull(status.pinned)}\n` +
    `node: ${flowText(status.node)}\n` +
    listLines("vrrp", status.vrrp, (one) => flowMapping({ ...one })) +
    `keepalived: ${status.keepalived}\n` +
    `drift: ${status.drift}\n` +
    `keepalivedVersion: ${orNull(status.keepalivedVersion)}\n` +
    `nodes: ${status.nodes === null ? "null" : flowMapping({ ...status.nodes })}\n` +
    listLines("vips", status.vips, vipLine) +
    listLines("problems", status.problems, problemLine)
  )
}

function vipLine(one: StatusVip): string {
  const { vip, object, entry, state, inEffect, services, virtualServers, realServers, readyPods, unserved, problem } =
    one
  const counts = { virtualServers, realServers, readyPods, unserved }
  const cause = problem === null ? null : { code: problem.code, message: problem.message }
  return flowMapping({ vip, object, entry, state, inEffect, services, ...counts, problem: cause })
}

function orNull(text: string | null): string {
  return text === null ? "null" : flowText(text)
}
