import * as z from "zod"

import type { ClusterApi, Kind, Read } from "../ports.ts"
import { readable } from "./readable.ts"

const PODS: Kind = { group: "", version: "v1", plural: "pods" }
const SERVICES: Kind = { group: "", version: "v1", plural: "services" }
const NODES: Kind = { group: "", version: "v1", plural: "nodes" }

const named = z.object({ namespace: z.string().optional(), name: z.string() })
const podSchema = z.object({
  metadata: named,
  spec: z.object({ nodeName: z.string().nullish(), hostNetwork: z.boolean().nullish() }),
})
const serviceSchema = z.object({
  metadata: named,
  spec: z.object({
    clusterIPs: z.array(z.string()).nullish(),
    externalIPs: z.array(z.string()).nullish(),
  }),
  status: z
    .object({
      loadBalancer: z.object({ ingress: z.array(z.object({ ip: z.string().nullish() })).nullish() }).nullish(),
    })
    .nullish(),
})
const nodeSchema = z.object({
  metadata: named,
  status: z.object({ addresses: z.array(z.object({ address: z.string() })).nullish() }).nullish(),
})

/** Each object of the cluster that has this address, in words; what cannot be read is unknown. */
export async function readOwners(api: ClusterApi, address: string): Promise<readonly Read<readonly string[]>[]> {
  return [
    await readable(async () => {
      const pods = await api.list(PODS, { namespace: null, fieldSelector: `status.podIP=${address}` })
      return pods.flatMap((item) => podWords(item))
    }),
    await readable(async () =>
      (await api.list(SERVICES, { namespace: null })).flatMap((item) => serviceWords(item, address)),
    ),
    await readable(async () =>
      (await api.list(NODES, { namespace: null })).flatMap((item) => nodeWords(item, address)),
    ),
  ]
}

function podWords(item: unknown): readonly string[] {
  const pod = podSchema.safeParse(item)
  // Such a pod has the address of its node.
  if (!pod.success || pod.data.spec.hostNetwork === true) return []
  const { metadata, spec } = pod.data
  return [`the address of Pod ${nameOf(metadata)} on node ${spec.nodeName ?? "(none yet)"}`]
}

function serviceWords(item: unknown, address: string): readonly string[] {
  const service = serviceSchema.safeParse(item)
  if (!service.success) return []
  const { metadata, spec, status } = service.data
  const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip ?? "")
  const kinds = [
    ...((spec.clusterIPs ?? []).includes(address) ? ["the cluster IP"] : []),
    ...((spec.externalIPs ?? []).includes(address) ? ["an external IP"] : []),
    ...(ingress.includes(address) ? ["a load balancer IP"] : []),
  ]
  return kinds.map((kind) => `${kind} of Service ${nameOf(metadata)}`)
}

function nodeWords(item: unknown, address: string): readonly string[] {
  const node = nodeSchema.safeParse(item)
  if (!node.success) return []
  const has = (node.data.status?.addresses ?? []).some((one) => one.address === address)
  return has ? [`an address of node ${node.data.metadata.name}`] : []
}

function nameOf({ namespace, name }: z.infer<typeof named>): string {
  return `${namespace ?? ""}/${name}`
}
