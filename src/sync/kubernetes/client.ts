import { ApiException, CoreV1Api, DiscoveryV1Api } from "@kubernetes/client-node"

import { type Collection, collectionTitle } from "./collection.ts"
import type { KubernetesApi, ListOptions, WatchEnd, WatchOptions } from "./ports.ts"
import { ask, type Session } from "./session.ts"
import { watchStream } from "./watch-stream.ts"

/** Objects a page: a list never stands in memory as a whole. */
const PAGE_SIZE = 250

/** What sync reads of the Kubernetes API, by its client library. */
export function createKubernetesApi(session: Session): KubernetesApi {
  async function list(collection: Collection, { resourceVersion, signal, page }: ListOptions): Promise<string> {
    let next: string | undefined
    for (;;) {
      // A list of any version comes whole; those that are asked for it are small.
      const paging = resourceVersion === null ? { limit: PAGE_SIZE } : { resourceVersion }
      const query = { ...selectorsOf(collection), ...paging, ...(next === undefined ? {} : { _continue: next }) }
      const what = `list ${collectionTitle(collection)}`
      const { items, metadata } = await ask(what, () => listPage(session, collection, { query, signal }))
      page(items)
      next = metadata?._continue
      if (next === undefined || next === "") return metadata?.resourceVersion ?? ""
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
  readonly metadata?: { readonly _continue?: string; readonly resourceVersion?: string }
}

interface TypedPage extends Page {
  readonly items: readonly object[]
}

interface PageRequest {
  readonly query: Readonly<Record<string, string | number>>
  readonly signal: AbortSignal
}

async function listPage(session: Session, { resource, namespace }: Collection, request: PageRequest): Promise<Page> {
  const core = new CoreV1Api(session.configuration({ signal: request.signal }))
  const query = { namespace: namespace ?? "", ...request.query }
  switch (resource) {
    case "configmaps":
      return typed("v1", "ConfigMap", await core.listNamespacedConfigMap(query))
    case "services":
      return typed("v1", "Service", await core.listNamespacedService(query))
    case "endpoints":
      return typed("v1", "Endpoints", await core.listNamespacedEndpoints(query))
    case "nodes":
      return typed("v1", "Node", await core.listNode(request.query))
    case "endpointslices": {
      const discovery = new DiscoveryV1Api(session.configuration({ signal: request.signal }))
      return typed("discovery.k8s.io/v1", "EndpointSlice", await discovery.listNamespacedEndpointSlice(query))
    }
  }
}

/** The items of a list carry neither apiVersion nor kind. */
function typed(apiVersion: string, kind: string, { items, metadata }: TypedPage): Page {
  if (!Array.isArray(items)) throw new Error("the answer is no list, wanted items; is something between us and it?")
  return {
    items: items.map((item) => ({ ...item, apiVersion, kind })),
    ...(metadata === undefined ? {} : { metadata }),
  }
}

function selectorsOf({ fieldSelector, labelSelector }: Collection): Readonly<Record<string, string>> {
  return { ...(fieldSelector === null ? {} : { fieldSelector }), ...(labelSelector === null ? {} : { labelSelector }) }
}

function pathOf({ resource, namespace }: Collection): string {
  const group = resource === "endpointslices" ? "/apis/discovery.k8s.io/v1" : "/api/v1"
  return namespace === null ? `${group}/${resource}` : `${group}/namespaces/${namespace}/${resource}`
}
