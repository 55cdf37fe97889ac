import * as z from "zod"

import { flowMapping, flowText } from "../kit/text/yaml-text.ts"
import { type Decoded, decodeYamlFile } from "./decode-file.ts"
import { ENTRY_STATES } from "./entry-state.ts"
import { causeField, codeField, count, generationNameField, type Immutable, listLines } from "./fields.ts"
import { problemField, problemLine, type Read, schemaField, sequenceField, sha256Field } from "./fields.ts"
import { SCHEMA, STATUS_FILE } from "./layout.ts"
import { drainedField } from "./node/drain.ts"
import { vrrpField } from "./vrrp.ts"

/** Whether keepalived runs. `without-vrrp`: its parent process runs, but its VRRP process does not. */
export type StatusKeepalived = Status["keepalived"]

/**
 * Whether the kernel matches the configuration in effect. `found`: it differs. `repaired`: it differed, the sidecar repaired it,
 * and has not compared it since. `unknown`: not compared yet.
 */
export type StatusDrift = Status["drift"]

export type StatusVip = Immutable<z.infer<typeof vipField>>
const vipField = z.object({
  /** The address; if it is not valid, the text in its place. */
  vip: z.string(),
  /** The object that asks for it: `ConfigMap default/vips`. */
  object: z.string(),
  /** The key of its entry there. With the object and the address, it is unique: an entry may have several addresses. */
  entry: z.string(),
  state: z.enum(ENTRY_STATES),
  /** Whether keepalived has this address in any form: as written, held, or as before a pending change. */
  inEffect: z.boolean(),
  /** `namespace/name`. */
  services: z.array(z.string()),
  /** Number of virtual servers of the VIP, and number of their real servers in total. */
  virtualServers: count,
  realServers: count,
  /** Number of pods that get new connections. */
  readyPods: count,
  /** Number of pods that terminate, and finish their connections. Sidecars of older releases do not write it. */
  drainingPods: count.default(0),
  /** Number of pods that get no new connections because their node does not answer. Likewise. */
  unreachablePods: count.default(0),
  /** Number of ports of its Services without a ready pod: they have no virtual server, so connections to them fail. */
  unserved: count,
  /** Why it is not `applied`, or what a person should know; null if there is nothing to report. */
  problem: causeField.nullable(),
})

/** The result of probing the other nodes that host real servers. */
export type StatusNodes = Immutable<z.infer<typeof nodesField>>
const nodesField = z.object({
  /** Number of nodes that the sidecar probes, once per second. */
  watched: count,
  /** Names. Pods on these nodes get no new connections, unless there are no others. */
  unreachable: z.array(z.string()),
  /** Number of nodes that have never answered, and the first of their names: their state is unknown and changes nothing. */
  unheard: count,
  unheardNames: z.array(z.string()),
  /** True while half of them or more are silent: this node itself may be cut off, so the sidecar judges no other node. */
  cutOff: z.boolean(),
})

/** `applied/status.yaml`: the state of the sidecar and of the generation that it applies. */
export type Status = Read<typeof statusSchema>
export const statusSchema = z.object({
  schema: schemaField,
  /** When this was written, ISO 8601. For people only; no decision depends on it. */
  time: z.string(),
  /**
   * The outcome of the last pass. `unchanged`, `applied`: good. `rejected`: the generation did not pass the checks; the last good
   * configuration stays. `rolled-back`: it passed the checks but did not work; the last good configuration is back. `stranded`:
   * neither works, and a person must act. `waiting`: there is nothing to apply yet.
   */
  outcome: z.enum(["unchanged", "applied", "rejected", "rolled-back", "stranded", "waiting"]),
  /** Code of the problem that `reason` is about; null if the outcome is good, or if the sidecar only waits. */
  code: codeField.nullable(),
  /** Why the outcome is not good; null if it is good. */
  reason: z.string().nullable(),
  /** Sequence of the last generation that the sidecar read completely; null before the first. */
  observedGeneration: sequenceField.nullable(),
  /** Sequence of the generation that keepalived runs on. */
  appliedGeneration: sequenceField.nullable(),
  /** Checksum of the keepalived.conf that keepalived is known to have read. */
  appliedSha256: sha256Field.nullable(),
  /** Name of the archived generation that a rollback holds in place; null without a rollback. */
  pinned: generationNameField.nullable(),
  /** Since when a user keeps this node from holding VIPs, and why. Sidecars of older releases do not write it. */
  drained: drainedField.nullish(),
  node: z.string(),
  /** In the order of the keepalived.conf; empty if no instance is known. */
  vrrp: z.array(vrrpField),
  keepalived: z.enum(["running", "without-vrrp", "stopped", "unknown"]),
  drift: z.enum(["none", "found", "repaired", "unknown"]),
  /** Such as `2.3.3`; null if keepalived cannot run. */
  keepalivedVersion: z.string().nullable(),
  /** Null if the sidecar does not probe nodes. Sidecars of older releases do not write it. */
  nodes: nodesField.nullable().default(null),
  vips: z.array(vipField),
  problems: z.array(problemField),
})

/** Reads the text of `applied/status.yaml`. */
export function decodeStatus(text: string): Decoded<Status> {
  return decodeYamlFile(STATUS_FILE, statusSchema, text)
}

/** The text of `applied/status.yaml`: each VIP and each problem on one line. A thousand of them take a few milliseconds. */
export function encodeStatus(status: Status): string {
  const { drained = null } = status
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
    `drained: ${drained === null ? "null" : flowMapping({ ...drained })}\n` +
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
  const { vip, object, entry, state, inEffect, services, virtualServers, realServers, problem } = one
  const { readyPods, drainingPods, unreachablePods, unserved } = one
  const counts = { virtualServers, realServers, readyPods, drainingPods, unreachablePods, unserved }
  const cause = problem === null ? null : { code: problem.code, message: problem.message }
  return flowMapping({ vip, object, entry, state, inEffect, services, ...counts, problem: cause })
}

function orNull(text: string | null): string {
  return text === null ? "null" : flowText(text)
}
