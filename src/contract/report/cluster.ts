import * as z from "zod"

import { type Decoded, decodeJson } from "../decode-file.ts"
import { count, nodeStateField, type Read, schemaField } from "../fields.ts"
import { SCHEMA } from "../layout.ts"
import { drainedField } from "../node/drain.ts"
import { vrrpField } from "../vrrp.ts"

/** Below `desired/beat/`: what the other nodes report. Like the heartbeat, its writes must not wake programs that watch for generations. */
export const CLUSTER_FILE = "cluster.json"
/** Maximum size of that file, in bytes: room for 500 nodes with all their troubles. */
export const MAXIMUM_CLUSTER_BYTES = 4 * 1024 * 1024

/** The last report of a node. */
export type ClusterReport = NonNullable<ClusterNode["report"]>
const reportField = z.object({
  /**
   * When this sync saw the newest renewal, in seconds since boot; null: it has not seen one yet, so that the report may be old.
   */
  renewed: z.number().min(0).nullable(),
  /** The time of that renewal by the clock of the node, ISO 8601. Older releases do not write it. */
  renewTime: z.string().max(40).nullish(),
  state: nodeStateField,
  /** First 12 hex digits of the checksum of the generation in effect; null before the first. */
  generation: z.string().nullable(),
  /** Number of VIPs in effect. */
  vips: count,
  /** The node's part in each VRRP instance; null before its sidecar reports it. */
  roles: z.array(vrrpField.omit({ interface: true })).nullable(),
  /** Whether a user keeps it from holding VIPs. Older releases do not write it. */
  drained: drainedField.nullish(),
  /** What is wrong, at most five texts. */
  troubles: z.array(z.string()),
})

export type ClusterNode = Cluster["nodes"][number]

/** `desired/beat/cluster.json`: the Nodes, and what each of them last reported. For people; no decision depends on it. */
export type Cluster = Read<typeof clusterSchema>
export const clusterSchema = z.object({
  schema: schemaField,
  /** The boot from which the times count. */
  bootId: z.string().max(64),
  /** When sync read the reports, in seconds since boot. */
  read: z.number().min(0),
  /** In the order of their names. */
  nodes: z.array(
    z.object({
      name: z.string(),
      /** Whether the API server calls the node Ready. */
      ready: z.boolean(),
      /** Null for a node that has never reported: usually none of our pods runs there. */
      report: reportField.nullable(),
    }),
  ),
})

/** Reads the text of `cluster.json`. */
export function decodeCluster(text: string): Decoded<Cluster> {
  return decodeJson(CLUSTER_FILE, clusterSchema, text)
}

/** The text of `cluster.json`; one node a line. */
export function encodeCluster({ bootId, read, nodes }: Cluster): string {
  const head = JSON.stringify({ schema: SCHEMA, bootId, read }).slice(0, -1)
  return `${head},"nodes":[\n${nodes.map((node) => JSON.stringify(node)).join(",\n")}\n]}\n`
}
