import * as z from "zod"

import { ApiFault } from "../../kubernetes/api-fault.ts"
import type { ClusterApi, Kind } from "../ports.ts"
import { DEFAULT_NAMESPACE } from "./installations.ts"

/** An Event that the product wrote. */
export interface ClusterEvent {
  readonly uid: string
  /** When it last happened, ISO 8601; null if it does not say. */
  readonly time: string | null
  readonly type: string
  readonly reason: string
  /** `ConfigMap default/vips` */
  readonly object: string
  readonly note: string
  readonly count: number
}

/** The role `view` has the Events of the core group, and not those of events.k8s.io. The API server serves each in both. */
const EVENTS: Kind = { group: "", version: "v1", plural: "events" }
const CONTROLLER = "kube-keepalived-vip"

const eventSchema = z.object({
  metadata: z.object({ uid: z.string() }),
  involvedObject: z.object({ kind: z.string(), namespace: z.string().nullish(), name: z.string() }),
  reason: z.string(),
  message: z.string(),
  type: z.string(),
  reportingComponent: z.string(),
  eventTime: z.string().nullish(),
  lastTimestamp: z.string().nullish(),
  series: z.object({ count: z.int(), lastObservedTime: z.string() }).nullish(),
})

/**
 * The Events of the product, oldest first.
 *
 * @param namespace Null: all namespaces, or the default one for a user who may not list all.
 * @throws ApiFault
 */
export async function readEvents(api: ClusterApi, namespace: string | null): Promise<readonly ClusterEvent[]> {
  const found = (await listEvents(api, namespace)).flatMap((item) => {
    const event = eventSchema.safeParse(item)
    return event.success && event.data.reportingComponent === CONTROLLER ? [eventOf(event.data)] : []
  })
  return found.sort((a, b) => Date.parse(a.time ?? "") - Date.parse(b.time ?? "") || (a.uid < b.uid ? -1 : 1))
}

async function listEvents(api: ClusterApi, namespace: string | null): Promise<readonly unknown[]> {
  const fieldSelector = `reportingComponent=${CONTROLLER}`
  try {
    return await api.list(EVENTS, { namespace, fieldSelector })
  } catch (error) {
    if (!(error instanceof ApiFault) || error.status !== 403 || namespace !== null) throw error
    return api.list(EVENTS, { namespace: DEFAULT_NAMESPACE, fieldSelector })
  }
}

function eventOf(event: z.infer<typeof eventSchema>): ClusterEvent {
  const { kind, namespace, name } = event.involvedObject
  return {
    uid: event.metadata.uid,
    time: event.series?.lastObservedTime ?? event.eventTime ?? event.lastTimestamp ?? null,
    type: event.type,
    reason: event.reason,
    object: `${kind} ${namespace ?? ""}/${name}`,
    note: event.message,
    count: event.series?.count ?? 1,
  }
}
