import * as z from "zod"

import type { JsonObject } from "../../kit/text/json-text.ts"
import type { Traffic } from "./kinds.ts"

/*
 * The fields of a Service that decide who gets its packets, and on which addresses. In most Services each field has the API's
 * default, and then nothing is kept.
 */

/** Maximum characters of a kept text: the length of the longest Kubernetes name. */
const MAXIMUM_TEXT = 253

const text = z.string().max(MAXIMUM_TEXT, `expected at most ${MAXIMUM_TEXT} characters`)
const texts = z.array(text).nullish()

/** The fields below `spec`. Source: Kubernetes API reference, v1, ServiceSpec. */
export const TRAFFIC_SPEC = {
  clusterIPs: texts,
  externalIPs: texts,
  loadBalancerIP: text.nullish(),
  loadBalancerSourceRanges: texts,
  sessionAffinity: text.nullish(),
  sessionAffinityConfig: z
    .object({
      clientIP: z
        .object({
          timeoutSeconds: z
            .int("expected 1 to 86400 seconds")
            .min(1, "expected 1 to 86400 seconds")
            .max(86_400, "expected 1 to 86400 seconds")
            .nullish(),
        })
        .nullish(),
    })
    .nullish(),
  externalTrafficPolicy: text.nullish(),
  internalTrafficPolicy: text.nullish(),
  publishNotReadyAddresses: z.boolean().nullish(),
  trafficDistribution: text.nullish(),
} as const

/** The field `status`. Source: Kubernetes API reference, v1, ServiceStatus. */
export const TRAFFIC_STATUS = z
  .object({
    loadBalancer: z
      .object({ ingress: z.array(z.object({ ip: text.nullish(), ipMode: text.nullish() })).nullish() })
      .nullish(),
  })
  .nullish()

const specSchema = z.object(TRAFFIC_SPEC)
type GivenSpec = z.infer<typeof specSchema> | null | undefined
type GivenStatus = z.infer<typeof TRAFFIC_STATUS>

/** The API's defaults for absent fields. */
export const DEFAULT_TRAFFIC: Traffic = {
  clusterIPs: [],
  externalIPs: [],
  loadBalancerIP: "",
  loadBalancerSourceRanges: [],
  sessionAffinity: "None",
  affinityTimeout: null,
  externalTrafficPolicy: "Cluster",
  internalTrafficPolicy: "Cluster",
  publishNotReadyAddresses: false,
  trafficDistribution: "",
  ingress: [],
}

/** Default of timeoutSeconds. Source: v1, ClientIPConfig. */
const DEFAULT_TIMEOUT = 10_800

/** @returns null when each field has its default. */
export function trafficOf(spec: GivenSpec, status: GivenStatus): Traffic | null {
  const clusterIPs = spec?.clusterIPs ?? []
  const sessionAffinity = wordOf(spec?.sessionAffinity, "None")
  const isSticky = sessionAffinity === "ClientIP"
  const traffic: Traffic = {
    // The first one is `clusterIP` itself.
    clusterIPs: clusterIPs.length > 1 ? clusterIPs : [],
    externalIPs: spec?.externalIPs ?? [],
    loadBalancerIP: spec?.loadBalancerIP ?? "",
    loadBalancerSourceRanges: spec?.loadBalancerSourceRanges ?? [],
    sessionAffinity,
    affinityTimeout: isSticky ? (spec?.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_TIMEOUT) : null,
    externalTrafficPolicy: wordOf(spec?.externalTrafficPolicy, "Cluster"),
    internalTrafficPolicy: wordOf(spec?.internalTrafficPolicy, "Cluster"),
    publishNotReadyAddresses: spec?.publishNotReadyAddresses ?? false,
    trafficDistribution: spec?.trafficDistribution ?? "",
    ingress: ingressOf(status),
  }
  return isDefault(traffic) ? null : traffic
}

/** The fields of a manifest's `spec` that differ from the API's defaults. */
export function trafficSpec(traffic: Traffic): JsonObject {
  const { ingress: _, affinityTimeout, ...fields } = traffic
  const defaults = new Map(Object.entries(DEFAULT_TRAFFIC).map(([key, value]) => [key, JSON.stringify(value)]))
  const spec = Object.entries(fields).filter(([key, value]) => JSON.stringify(value) !== defaults.get(key))
  const timeout = affinityTimeout === null ? undefined : { clientIP: { timeoutSeconds: affinityTimeout } }
  return { ...Object.fromEntries(spec), ...(timeout && { sessionAffinityConfig: timeout }) }
}

/** A manifest's `status`; undefined when it would be empty. */
export function trafficStatus({ ingress }: Traffic): JsonObject | undefined {
  return ingress.length === 0 ? undefined : { loadBalancer: { ingress } }
}

/** kube-proxy ignores an ingress entry without an address, which names a host, and reads an address without a mode as `VIP`. */
function ingressOf(status: GivenStatus): Traffic["ingress"] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) =>
    ip === undefined || ip === null || ip === "" ? [] : [{ ip, ipMode: wordOf(ipMode, "VIP") }],
  )
}

function wordOf(word: string | null | undefined, fallback: string): string {
  return word === undefined || word === null || word === "" ? fallback : word
}

function isDefault(traffic: Traffic): boolean {
  return Object.keys(trafficSpec(traffic)).length === 0 && trafficStatus(traffic) === undefined
}
