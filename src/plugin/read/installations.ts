import { decodeNodeLease, type NodeLease, REPORT_LABEL } from "../../contract/report/node-report.ts"
import { decodeVipReport, type Summary } from "../../contract/report/vip-report.ts"
import { ApiFault } from "../../kubernetes/api-fault.ts"
import type { ClusterApi, Kind, Read } from "../ports.ts"
import { readable } from "./readable.ts"

/** Where the shipped manifests install the product: searched if a user may not list the VipReports of all namespaces. */
export const DEFAULT_NAMESPACE = "kube-keepalived-vip"

const VIP_REPORTS: Kind = { group: "kube-keepalived-vip.io", version: "v1alpha1", plural: "vipreports" }
const LEASES: Kind = { group: "coordination.k8s.io", version: "v1", plural: "leases" }

/** One installation of the product: a VipReport, and the Leases with the reports of its nodes. */
export interface Installation {
  readonly namespace: string
  /** Name of the VipReport: that of the first VIP ConfigMap, unless `--report` of sync says another. */
  readonly name: string
  /** Null if it has no status that this release can read. */
  readonly summary: Summary | null
  /** Sorted by name. */
  readonly nodes: Read<readonly NodeLease[]>
  /** When the sync that writes the VipReport last renewed its Lease; null without a Lease. */
  readonly writerRenewed: Read<Date | null>
}

/**
 * @param namespace Null: all namespaces, or the default one for a user who may not list all.
 * @throws ApiFault if the VipReports cannot be read.
 */
export async function readInstallations(api: ClusterApi, namespace: string | null): Promise<readonly Installation[]> {
  const found = (await listReports(api, namespace)).flatMap((item) => decodeVipReport(item) ?? [])
  const installations: Installation[] = []
  for (const { namespace, name, summary } of found) {
    const labelSelector = `${REPORT_LABEL}=${name.slice(0, 63)}`
    const nodes = await readable(async () => {
      const leases = await api.list(LEASES, { namespace, labelSelector })
      return leases.flatMap((item) => decodeNodeLease(item) ?? []).sort((a, b) => (a.node < b.node ? -1 : 1))
    })
    const writerRenewed = await readable(async () => {
      const lease = await api.get(LEASES, namespace, `reporter.${name}`)
      return lease === null ? null : dateOf(decodeNodeLease(lease)?.renewTime ?? null)
    })
    installations.push({ namespace, name, summary, nodes, writerRenewed })
  }
  return installations
}

async function listReports(api: ClusterApi, namespace: string | null): Promise<readonly unknown[]> {
  try {
    return await api.list(VIP_REPORTS, { namespace })
  } catch (error) {
    if (!(error instanceof ApiFault)) throw error
    if (error.status === 404)
      throw new ApiFault("Cannot find VipReports: this cluster does not know the kind; is the product installed?", {
        status: 404,
      })
    if (error.status !== 403 || namespace !== null) throw error
    return api.list(VIP_REPORTS, { namespace: DEFAULT_NAMESPACE })
  }
}

/** Null for a text that is not a time. */
function dateOf(text: string | null): Date | null {
  const time = Date.parse(text ?? "")
  return Number.isNaN(time) ? null : new Date(time)
}
