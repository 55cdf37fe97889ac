import { join } from "node:path"

import { HEARTBEAT_DIRECTORY } from "../../contract/heartbeat.ts"
import { CLUSTER_FILE, decodeCluster } from "../../contract/report/cluster.ts"
import { REPORT_STALE_MS } from "../../contract/report/node-report.ts"
import type { KnownNode } from "../../contract/report/takeover.ts"
import type { Status } from "../../contract/status.ts"
import { bootId, uptimeSeconds } from "../../kit/time/uptime.ts"
import { readContractFile } from "./volume-files.ts"

/** The other nodes as sync has left them on the volume, or why they are unknown. */
export type OtherNodes =
  { readonly kind: "known"; readonly nodes: readonly KnownNode[] } | { readonly kind: "unknown"; readonly why: string }

/** @throws If the file exists and cannot be read. */
export function otherNodesIn(desired: string, self: Pick<Status, "node" | "nodes">): OtherNodes {
  const file = join(desired, HEARTBEAT_DIRECTORY, CLUSTER_FILE)
  const cluster = readContractFile(file, decodeCluster)
  if (cluster === null) return { kind: "unknown", why: `sync has not written what they report (no ${file})` }
  if (cluster.bootId !== bootId())
    return { kind: "unknown", why: "their reports are from another boot of this machine" }
  const now = uptimeSeconds()
  const age = (time: number) => Math.max(0, now - time) * 1000
  if (age(cluster.read) > REPORT_STALE_MS)
    return { kind: "unknown", why: `sync last read their reports ${Math.round(now - cluster.read)} s ago` }
  const nodes = cluster.nodes.filter(({ name }) => name !== self.node)
  return { kind: "known", nodes: nodes.map(knownNode) }

  function knownNode({ name, ready, report }: (typeof nodes)[number]): KnownNode {
    const answers = self.nodes?.unreachable.includes(name) === true ? false : null
    if (report === null) return { node: name, ready, answers, report: null }
    const { renewed, roles, drained = null, generation } = report
    const ageMs = renewed === null ? null : age(renewed)
    return { node: name, ready, answers, report: { ageMs, roles, drained, generation } }
  }
}
