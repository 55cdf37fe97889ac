import * as z from "zod"

import type { ClusterApi, Kind, Read } from "../ports.ts"
import { readable } from "./readable.ts"

const SERVICES: Kind = { group: "", version: "v1", plural: "services" }
const SLICES: Kind = { group: "discovery.k8s.io", version: "v1", plural: "endpointslices" }

export interface ServicePort {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly targetPort: string
}

/** `draining`: it terminates, and finishes its connections. */
export type EndpointState = "ready" | "draining" | "not ready"

export interface ServiceEndpoint {
  readonly address: string
  readonly node: string | null
  /** `namespace/name`; null for an endpoint without a Pod. */
  readonly pod: string | null
  readonly state: EndpointState
}

/** A Service as the API server has it now. */
export interface ServiceView {
  /** `namespace/name` */
  readonly service: string
  readonly type: string
  readonly ports: readonly ServicePort[]
  readonly endpoints: Read<readonly ServiceEndpoint[]>
}

const serviceSchema = z.object({
  spec: z.object({
    type: z.string().default("ClusterIP"),
    ports: z
      .array(
        z.object({
          name: z.string().default(""),
          port: z.int(),
          protocol: z.string().default("TCP"),
          targetPort: z.union([z.int(), z.string()]).optional(),
        }),
      )
      .default([]),
  }),
})
const sliceSchema = z.object({
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()),
        nodeName: z.string().nullish(),
        targetRef: z
          .object({ kind: z.string().nullish(), namespace: z.string().nullish(), name: z.string().nullish() })
          .nullish(),
        conditions: z
          .object({ ready: z.boolean().nullish(), serving: z.boolean().nullish(), terminating: z.boolean().nullish() })
          .nullish(),
      }),
    )
    .nullish(),
})

/** Null if the Service does not exist. */
export async function readService(api: ClusterApi, key: string): Promise<Read<ServiceView | null>> {
  const [namespace = "", name = ""] = key.split("/")
  return readable(async () => {
    const found = serviceSchema.safeParse(await api.get(SERVICES, namespace, name))
    if (!found.success) return null
    const { type, ports } = found.data.spec
    return {
      ...{ service: key, type },
      ports: ports.map((one) => ({ ...one, targetPort: String(one.targetPort ?? one.port) })),
      endpoints: await readEndpoints(api, namespace, name),
    }
  })
}

/** Sorted by address. */
function readEndpoints(api: ClusterApi, namespace: string, name: string): Promise<Read<readonly ServiceEndpoint[]>> {
  return readable(async () => {
    const labelSelector = `kubernetes.io/service-name=${name}`
    const slices = await api.list(SLICES, { namespace, labelSelector })
    const endpoints = slices.flatMap((item) => {
      const slice = sliceSchema.safeParse(item)
      return slice.success ? (slice.data.endpoints ?? []).map(endpointOf) : []
    })
    return endpoints.sort((a, b) => (a.address < b.address ? -1 : 1))
  })
}

type Endpoint = NonNullable<z.infer<typeof sliceSchema>["endpoints"]>[number]

function endpointOf({ addresses, nodeName, targetRef, conditions }: Endpoint): ServiceEndpoint {
  const isPod = targetRef?.kind === "Pod" && typeof targetRef.name === "string"
  const isDraining = conditions?.terminating === true && conditions.serving !== false
  return {
    address: addresses[0] ?? "",
    node: nodeName ?? null,
    pod: isPod ? `${targetRef.namespace ?? ""}/${targetRef.name}` : null,
    // Absent means ready. Source: discovery/v1, EndpointConditions.
    state: isDraining
      ? "draining"
      : conditions?.ready === false || conditions?.terminating === true
        ? "not ready"
        : "ready",
  }
}
