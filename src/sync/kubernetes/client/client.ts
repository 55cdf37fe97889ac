import { ApiException, CoreV1Api, DiscoveryV1Api } from "@kubernetes/client-node"

import { fieldOf } from "../../../kit/field.ts"
import { type Collection, collectionTitle } from "../collection.ts"
import type { KubernetesApi, ListOptions, WatchEnd, WatchOptions } from "../ports.ts"
import { ask, type Session } from "../../../kubernetes/session.ts"
import { watchStream } from "./watch-stream.ts"

/** Objects per page, so that a list is never in memory as a whole. */
const PAGE_SIZE = 250

/** Reads the Kubernetes API with its client library. */
export function createKubernetesApi(session: Session): KubernetesApi {
  async function list(collection: Collection, { resourceVersion, signal, page }: ListOptions): Promise<string> {
    let next = ""
    for (;;) {
      // The API server does not page a list of any version; sync requests only small ones.
      const paging = resourceVersion === null ? { limit: PAGE_SIZE } : { resourceVersion }
      const query = { ...selectorsOf(collection), ...paging, ...(next === "" ? {} : { _continue: next }) }
      const what = `list ${collectionTitle(collection)}`
      const found = await ask(what, () => listPage(session, collection, { query, signal }))
      page(found.items)
      next = found.next
      if (next === "") return found.resourceVersion
    }
  }

  async function watch(collection: Collection, options: WatchOptions): Promise<WatchEnd> {
    const signal = AbortSignal.any([options.signal, session.ended])
    if (signal.aborted) return "ended"
    const { resourceVersion, timeoutSeconds, inactivityMs, event } = options
    const query = { ...selectorsOf(collection), resourceVersion, timeoutSeconds, allowWatchBookmarks: true }
    return ask(`watch ${collectionTitle(collection)}`, () =>
      watchStream(session.config(), { path: pathOf(collection), query, signal, inactivityMs, event }),
    )
  }

  return {
    list,
    watch,
    servesEndpointSlices: () =>
      ask("ask for discovery.k8s.io/v1", async () => {
        try {
          await new DiscoveryV1Api(session.configuration()).getAPIResources()
          return true
        } catch (error) {
          if (error instanceof ApiException && error.code === 404) return false
          throw error
        }
      }),
    nodeSelectorOf: ({ namespace, name }) =>
      ask(`read the Pod "${namespace}/${name}"`, async () => {
        const pod = await new CoreV1Api(session.configuration()).readNamespacedPod({
          namespace,
          name,
        })
        return pod.spec?.nodeSelector ?? {}
      }),
    renew: () => session.renew(),
  }
}

interface Page {
  readonly items: readonly unknown[]
  /** Token for the next page; empty if there is none. */
  readonly next: string
  readonly resourceVersion: string
}

interface PageRequest {
  readonly query: Readonly<Record<string, string | number>>
  readonly signal: AbortSignal
}

async function listPage(session: Session, { resource, namespace }: Collection, request: PageRequest): Promise<Page> {
  let answer: unknown
  const asItCame = (body: unknown) => (answer = body)
  const configuration = session.configuration({ signal: request.signal, asItCame })
  const core = new CoreV1Api(configuration)
  const query = { namespace: namespace ?? "", ...request.query }
  switch (resource) {
    case "configmaps":
      await core.listNamespacedConfigMap(query)
      return pageOf("v1", "ConfigMap", answer)
    case "services":
      await core.listNamespacedService(query)
      return pageOf("v1", "Service", answer)
    case "endpoints":
      await core.listNamespacedEndpoints(query)
      return pageOf("v1", "Endpoints", answer)
    case "nodes":
      await core.listNode(request.query)
      return pageOf("v1", "Node", answer)
    case "endpointslices":
      await new DiscoveryV1Api(configuration).listNamespacedEndpointSlice(query)
      return pageOf("discovery.k8s.io/v1", "EndpointSlice", answer)
  }
}

/** The items of a list carry neither apiVersion nor kind. */
function pageOf(apiVersion: string, kind: string, answer: unknown): Page {
  const items = fieldOf(answer, "items")
  if (!Array.isArray(items))
    throw new Error("the answer is not a list (expected items); is a proxy between sync and the API server?")
  const text = (field: string): string => {
    const value = fieldOf(answer, "metadata", field)
    return typeof value === "string" ? value : ""
  }
  return {
    items: items.map((item: unknown) => ({ ...Object(item), apiVersion, kind })),
    next: text("continue"),
    resourceVersion: text("resourceVersion"),
  }
}

function selectorsOf({ fieldSelector, labelSelector }: Collection): Readonly<Record<string, string>> {
  return { ...(fieldSelector === null ? {} : { fieldSelector }), ...(labelSelector === null ? {} : { labelSelector }) }
}

function pathOf({ resource, namespace }: Collection): string {
  const group = resource === "endpointslices" ? "/apis/discovery.k8s.io/v1" : "/api/v1"
  return namespace === null ? `${group}/${resource}` : `${group}/namespaces/${namespace}/${resource}`
}
