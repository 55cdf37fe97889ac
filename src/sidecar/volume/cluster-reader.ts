import { join } from "node:path"
import { type Cluster, CLUSTER_FILE, decodeCluster, MAXIMUM_CLUSTER_BYTES } from "../../contract/report/cluster.ts"
import { HEARTBEAT_DIRECTORY, type Moment } from "../../contract/heartbeat.ts"
import { faultText } from "../../kit/fault.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
import { bootId, uptimeSeconds } from "../../kit/time/uptime.ts"

/** What sync left about the other nodes, or why it is unknown. */
export type ClusterReading =
  | { readonly kind: "cluster"; readonly cluster: Cluster; readonly moment: Moment }
  | { readonly kind: "unknown"; readonly why: string }

/** Reads `desired/beat/cluster.json`; never throws. */
export function clusterIn(desired: string): ClusterReading {
  try {
    const read = readRegularFile(join(desired, HEARTBEAT_DIRECTORY, CLUSTER_FILE), MAXIMUM_CLUSTER_BYTES)
    if (read.kind === "absent") return { kind: "unknown", why: "sync has not written what other nodes report" }
    if (read.kind === "unsafe") return { kind: "unknown", why: read.reason }
    const decoded = decodeCluster(read.bytes.toString())
    switch (decoded.kind) {
      case "value":
        return { kind: "cluster", cluster: decoded.value, moment: { uptime: uptimeSeconds(), bootId: bootId() } }
      case "unknown-schema":
        return { kind: "unknown", why: `sync writes schema ${decoded.schema}; update the older container` }
      case "problems":
        return { kind: "unknown", why: decoded.problems.map(({ message }) => message).join("; ") }
    }
  } catch (error) {
    return { kind: "unknown", why: faultText(error) }
  }
}
