import * as z from "zod"

import { header, microTime } from "./election.ts"
import { decodeNodeReport, encodeNodeReport, type NodeReport } from "./node-report.ts"
import type { ObjectsApi, ObjectsPath } from "./ports.ts"

/** On each Lease of ours: the name of the report that it belongs to. */
const REPORT_LABEL = "kube-keepalived-vip.io/report"
const REPORT_ANNOTATION = "kube-keepalived-vip.io/report"

/** The Pod that a node's Lease belongs to, and with which it goes. */
export interface Owner {
  readonly name: string
  readonly uid: string
}

/** What each node says, kept in a Lease of its own, since that is the smallest object that no user minds. */
export interface NodeLeases {
  /** @throws ApiFault */
  write(node: string, report: NodeReport): Promise<void>
  /** By the node's name. @throws ApiFault */
  readAll(): Promise<ReadonlyMap<string, Renewed>>
}

export interface Renewed {
  readonly report: NodeReport
  /** Another at each renewal; what it says of the time is by the clock of the node. */
  readonly renewal: string
}

const leaseSchema = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).nullish() }),
  spec: z.object({ holderIdentity: z.string(), renewTime: z.string().nullish() }),
})

export interface LeasesOptions {
  readonly path: ObjectsPath
  /** Of the report: the Leases are named after it. */
  readonly name: string
  readonly owner: Owner | null
  /** For people who read a Lease, and so that each renewal is another. */
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
        const lease = leaseSchema.safeParse(item)
        if (!lease.success) continue
        const report = decodeNodeReport(lease.data.metadata.annotations?.[REPORT_ANNOTATION] ?? "")
        const { holderIdentity, renewTime } = lease.data.spec
        if (report !== null) reports.set(holderIdentity, { report, renewal: renewTime ?? "" })
      }
      return reports
    },
  }
}
