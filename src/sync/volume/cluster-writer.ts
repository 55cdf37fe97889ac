import { join } from "node:path"

import { CLUSTER_FILE, encodeCluster } from "../../contract/report/cluster.ts"
import { HEARTBEAT_DIRECTORY } from "../../contract/heartbeat.ts"
import { faultText } from "../../kit/fault.ts"
import { replaceFile } from "../../kit/files/atomic-file.ts"
import type { Log } from "../../kit/process/log.ts"
import { bootId, uptimeSeconds } from "../../kit/time/uptime.ts"
import type { ShownCluster } from "../report/cluster-view.ts"

/**
 * Writes what the nodes report into `desired/beat/`, for the sidecar's status page. The ages become times of this boot. Never
 * throws: if it cannot write, the page shows how old the file is, and the reports go on.
 */
export function createClusterWriter(desired: string, log: Pick<Log, "warn">): (cluster: ShownCluster) => Promise<void> {
  const path = join(desired, HEARTBEAT_DIRECTORY, CLUSTER_FILE)
  let isSaid = false
  return async (cluster) => {
    const read = uptimeSeconds()
    const nodes = cluster.map(({ report, ...node }) => ({ ...node, report: report && dated(report, read) }))
    try {
      await replaceFile(path, encodeCluster({ bootId: bootId(), read, nodes }))
      isSaid = false
    } catch (error) {
      if (!isSaid) log.warn("cannot show the other nodes", { path, reason: faultText(error) })
      isSaid = true
    }
  }
}

function dated({ ageMs, ...report }: NonNullable<ShownCluster[number]["report"]>, read: number) {
  return { ...report, renewed: ageMs === null ? null : Math.max(0, read - ageMs / 1_000) }
}
