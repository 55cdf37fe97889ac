import { header, microTime } from "./election.ts"
import {
  decodeNodeLease,
  encodeNodeReport,
  type NodeReport,
  REPORT_ANNOTATION,
  REPORT_LABEL,
} from "../../contract/report/node-report.ts"
import type { ObjectsApi, ObjectsPath } from "./ports.ts"

/** The Pod that owns a node's Lease; Kubernetes deletes the Lease with it. */
export interface Owner {
  readonly name: string
  readonly uid: string
}

/** The nodes' reports. Each is in its own Lease, because a Lease is the smallest object that does not disturb users. */
export interface NodeLeases {
  /** @throws ApiFault */
  write(node: string, report: NodeReport): Promise<void>
  /** By the node's name. @throws ApiFault */
  readAll(): Promise<ReadonlyMap<string, Renewed>>
}

export interface Renewed {
  readonly report: NodeReport
  /** Different at each renewal; its time is from the clock of the node. */
  readonly renewal: string
}

export interface LeasesOptions {
  readonly path: ObjectsPath
  /** Name of the report; it is part of the Leases' names. */
  readonly name: string
  readonly owner: Owner | null
  /** For people who read a Lease, and to make each renewal different. */
  readonly now: () => Date
}

export function createNodeLeases(api: ObjectsApi, { path, name, owner, now }: LeasesOptions): NodeLeases {
  const labels = { [REPORT_LABEL]: name.slice(0, 63) }
  return {
    write: async (node, report) => {
      const own = { ...path, name: `node.${name}.${node}` }
      const { apiVersion, kind, metadata } = header(own)
      const ownerReferences =
        owner === null ? [] : [{ apiVersion: "v1", kind: "Pod", name: owner.name, uid: owner.uid }]
      const annotations = { [REPORT_ANNOTATION]: encodeNodeReport(report) }
      const spec = { holderIdentity: node, renewTime: microTime(now()) }
      const lease = { metadata: { ...metadata, labels, annotations, ownerReferences }, spec }
      if ((await api.patch(own, lease)) === null) await api.create(path, { apiVersion, kind, ...lease })
    },
    readAll: async () => {
      const reports = new Map<string, Renewed>()
      for (const item of await api.list(path, `${REPORT_LABEL}=${labels[REPORT_LABEL]}`)) {
        const lease = decodeNodeLease(item)
        if (lease === null || lease.report === null) continue
        reports.set(lease.node, { report: lease.report, renewal: lease.renewTime ?? "" })
      }
      return reports
    },
  }
}
