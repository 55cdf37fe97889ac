import * as z from "zod"

import type { JsonObject } from "../../kit/json-text.ts"
import type { Traffic } from "./kinds.ts"

/*
 * The fields of a Service that say who gets its packets, and on which addresses. Of most Services each has the value that the
 * API takes as default; then there is nothing to keep.
 */

/** Maximum length of a text that is kept: that of the longest Kubernetes name. */
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

/** What the API takes for a field that is not there. */
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

/** Seconds that a client stays with its pod where the Service does not say. Source: v1, ClientIPConfig. */
const DEFAULT_TIMEOUT = 10_800

/** @returns null where each field has its default. */
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

/** The fields of a manifest's `spec` that are not as the API takes them by default. */
export function trafficSpec(traffic: Traffic): JsonObject {
  const { ingress: _, affinityTimeout, ...fields } = traffic
  const defaults = new Map(Object.entries(DEFAULT_TRAFFIC).map(([key, value]) => [key, JSON.stringify(value)]))
  const spec = Object.entries(fields).filter(([key, value]) => JSON.stringify(value) !== defaults.get(key))
  const timeout = affinityTimeout === null ? undefined : { clientIP: { timeoutSeconds: affinityTimeout } }
  return { ...Object.fromEntries(spec), ...(timeout && { sessionAffinityConfig: timeout }) }
}

/** A manifest's `status`; undefined where there is nothing to say. */
export function trafficStatus({ ingress }: Traffic): JsonObject | undefined {
  return ingress.length === 0 ? undefined : { loadBalancer: { ingress } }
}

/** An entry without an address names a host; kube-proxy makes nothing of it. An address without a mode is a VIP to kube-proxy. */
function ingressOf(status: GivenStatus): Traffic["ingress"] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) =>
    ip === undefined || ip === null || ip === "" ? [] : [{ ip, ipMode: wordOf(ipMode, "VIP") }],
  )
}

function wordOf(word: string | null | undefined, fallback: string): string {
  return word === undefined || word === null || word === "" ? fallback : word
}

/** Nothing to write is nothing to keep. */
function isDefault(traffic: Traffic): boolean {
  return Object.keys(trafficSpec(traffic)).length === 0 && trafficStatus(traffic) === undefined
}
