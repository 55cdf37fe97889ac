import * as z from "zod"

import { ApiFault } from "../../kubernetes/api-fault.ts"
import type { ClusterApi, Kind, ProductPod } from "../ports.ts"

const PODS: Kind = { group: "", version: "v1", plural: "pods" }

const podSchema = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ nodeName: z.string().nullish(), containers: z.array(z.object({ name: z.string() })) }),
  status: z.object({ phase: z.string().nullish() }).nullish(),
})

/** The containers of the product's pod. */
const CONTAINERS = ["sync", "sidecar"]

/**
 * The product's pod on a node, in the namespace of an installation.
 *
 * @throws ApiFault if the pods cannot be read, or if there is not exactly one that runs.
 */
export async function podOn(api: ClusterApi, namespace: string, node: string): Promise<ProductPod> {
  const items = await api.list(PODS, { namespace, fieldSelector: `spec.nodeName=${node}` })
  const found = items.flatMap((item) => {
    const pod = podSchema.safeParse(item)
    if (!pod.success) return []
    const { metadata, spec, status } = pod.data
    const names = spec.containers.map(({ name }) => name)
    const fits =
      spec.nodeName === node && status?.phase === "Running" && CONTAINERS.every((name) => names.includes(name))
    return fits ? [metadata.name] : []
  })
  const [name] = found
  if (name === undefined)
    throw new ApiFault(
      `Cannot find the pod of node ${node}: no pod of the product runs there in namespace "${namespace}"`,
      {
        status: null,
      },
    )
  if (found.length > 1)
    throw new ApiFault(
      `Cannot tell which pod of node ${node} to take: namespace "${namespace}" has ${found.join(" and ")} there; run kkv in one of them`,
      { status: null },
    )
  return { namespace, name }
}
