import { backoffMs } from "../../kit/time/backoff.ts"
import type { Clock } from "../../kit/time/clock.ts"
import type { Log } from "../../kit/process/log.ts"
import type { ScopeInput } from "./collection.ts"
import { ApiFault, isAboutCredentials } from "../../kubernetes/api-fault.ts"
import type { KubernetesApi } from "./ports.ts"

/** Input for the questions that sync asks before it lists anything. */
export interface Preparation {
  readonly api: KubernetesApi
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  /** A label selector for Nodes; null uses the pod's. */
  readonly nodeSelector: string | null
  /** The pod that this process runs in; null outside of a pod. */
  readonly pod: { readonly namespace: string; readonly name: string } | null
}

const PACE = { firstMs: 1200, maximumMs: 20_000, jitter: 1 / 3 }

export interface Preparing {
  /** Null if it was stopped first. */
  readonly done: Promise<Pick<ScopeInput, "nodeSelector" | "backends"> | null>
  /** Why it has not succeeded yet; null if nothing has failed. */
  fault(): ApiFault | null
}

/** Asks the API server which Nodes count and which resource has the endpoints, until it answers. */
export function prepare(options: Preparation, stop: AbortSignal): Preparing {
  const { api, clock, random, log, pod } = options
  let fault: ApiFault | null = null
  async function untilKnown() {
    for (let failures = 1; !stop.aborted; failures++) {
      try {
        const backends = (await api.servesEndpointSlices()) ? ("endpointslices" as const) : ("endpoints" as const)
        const labels = options.nodeSelector === null && pod !== null ? await api.nodeSelectorOf(pod) : {}
        fault = null
        return { backends, nodeSelector: options.nodeSelector ?? selectorText(labels) }
      } catch (error) {
        if (!(error instanceof ApiFault)) throw error
        fault = error
        if (isAboutCredentials(error)) api.renew()
        const retryAfterMs = Math.max(backoffMs(PACE, failures, random()), error.retryAfterMs ?? 0)
        log.warn("cannot begin", { reason: error.message, retryAfterMs })
        await clock.delay(retryAfterMs, stop)
      }
    }
    return null
  }
  return { done: untilKnown(), fault: () => fault }
}

function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join()
}
