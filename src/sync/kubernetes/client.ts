import {
  ApiException,
  CoreV1Api,
  createConfiguration,
  DiscoveryV1Api,
  type KubeConfig,
  type RequestContext,
  ServerConfiguration,
  Watch,
} from "@kubernetes/client-node"
import { Agent, type Dispatcher } from "undici"

import { faultText } from "../../kit/fault.ts"
import { type Collection, collectionTitle } from "./collection.ts"
import { ApiFault, type KubernetesApi, type ListOptions, type WatchOptions } from "./ports.ts"

/** No single answer is waited for any longer. */
const ANSWER_MS = 30_000

/** Objects a page: a list never stands in memory as a whole. */
const PAGE_SIZE = 500

/**
 * The Kubernetes API by its client library, over one pool of connections.
 *
 * @param load Reads the kubeconfig or the service account's files; called again whenever credentials are renewed.
 * @throws What `load` throws, at the first time.
 */
export function createKubernetesApi(load: () => KubeConfig): KubernetesApi {
  let connection = connect(load())
  const ended = new AbortController()

  async function list(collection: Collection, { resourceVersion, signal, page }: ListOptions): Promise<string> {
    let next: string | undefined
    for (;;) {
      // A list of any version comes whole; those that are asked for it are small.
      const paging = resourceVersion === null ? { limit: PAGE_SIZE } : { resourceVersion }
      const query = { ...selectorsOf(collection), ...paging, ...(next === undefined ? {} : { _continue: next }) }
      const what = `list ${collectionTitle(collection)}`
      const { items, metadata } = await ask(what, () =>
        listPage(connection, collection, { query, signal: bounded(signal) }),
      )
      page(items)
      next = metadata?._continue
      if (next === undefined || next === "") return metadata?.resourceVersion ?? ""
    }
  }

  async function watch(collection: Collection, options: WatchOptions): Promise<void> {
    const signal = AbortSignal.any([options.signal, ended.signal])
    if (signal.aborted) return
    const client = new Watch(connection.config)
    // There is no public way to say it, and its own 30 s are shorter than the time between two bookmarks.
    Reflect.set(client, "requestTimeoutMs", options.inactivityMs)
    const { resourceVersion, timeoutSeconds } = options
    const query = { ...selectorsOf(collection), resourceVersion, timeoutSeconds, allowWatchBookmarks: true }
    await ask(`watch ${collectionTitle(collection)}`, () =>
      watchOnce(client, { path: pathOf(collection), query, signal, event: options.event }),
    )
  }

  return {
    list,
    watch,
    servesEndpointSlices: () =>
      ask("ask for discovery.k8s.io/v1", async () => {
        try {
          await new DiscoveryV1Api(configuration(connection, bounded(ended.signal))).getAPIResources()
          return true
        } catch (error) {
          if (error instanceof ApiException && error.code === 404) return false
          throw error
        }
      }),
    nodeSelectorOf: ({ namespace, name }) =>
      ask(`read the Pod "${namespace}/${name}"`, async () => {
        const pod = await new CoreV1Api(configuration(connection, bounded(ended.signal))).readNamespacedPod({
          namespace,
          name,
        })
        return pod.spec?.nodeSelector ?? {}
      }),
    renew: () => {
      const { pool } = connection
      try {
        connection = connect(load())
      } catch {
        // A token can be unreadable for an instant while it is rotated: the next refusal asks again.
        return
      }
      void pool.close().catch(() => {})
    },
    close: () => {
      ended.abort()
      void connection.pool.destroy().catch(() => {})
    },
  }
}

interface Connection {
  readonly config: KubeConfig
  readonly server: string
  readonly pool: Dispatcher
}

/** Makes every request of this config use one pool: the library makes a new one, with a new connection, for each. */
function connect(config: KubeConfig): Connection {
  const server = config.getCurrentCluster()?.server
  if (server === undefined) throw new Error("Cannot use the kubeconfig: it has no current cluster; set current-context")
  let pool: Dispatcher | undefined
  const authenticate = config.applySecurityAuthentication.bind(config)
  const pooled: Dispatcher = new Agent({ headersTimeout: ANSWER_MS, bodyTimeout: 0 })
  config.applySecurityAuthentication = async (context: RequestContext) => {
    await authenticate(context)
    // The library's first one knows certificates and proxy; without either it makes none.
    pool ??= context.getDispatcher() ?? pooled
    context.setDispatcher(pool)
  }
  return {
    config,
    server,
    get pool() {
      return pool ?? pooled
    },
  }
}

function configuration({ config, server }: Connection, signal: AbortSignal) {
  return createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: config },
    promiseMiddleware: [
      {
        pre: async (context) => {
          context.setSignal(signal)
          return context
        },
        post: async (response) => response,
      },
    ],
  })
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

async function listPage(
  connection: Connection,
  { resource, namespace }: Collection,
  request: PageRequest,
): Promise<Page> {
  const core = new CoreV1Api(configuration(connection, request.signal))
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
      const discovery = new DiscoveryV1Api(configuration(connection, request.signal))
      return typed("discovery.k8s.io/v1", "EndpointSlice", await discovery.listNamespacedEndpointSlice(query))
    }
  }
}

/** The items of a list carry neither apiVersion nor kind. */
function typed(apiVersion: string, kind: string, { items, metadata }: TypedPage): Page {
  return {
    items: items.map((item) => ({ ...item, apiVersion, kind })),
    ...(metadata === undefined ? {} : { metadata }),
  }
}

interface WatchRequest {
  readonly path: string
  readonly query: Readonly<Record<string, string | number | boolean>>
  readonly signal: AbortSignal
  readonly event: (type: unknown, object: unknown) => void
}

function watchOnce(client: Watch, { path, query, signal, event }: WatchRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error: unknown) => {
      if (signal.aborted || error === null || error === undefined) resolve()
      else reject(error instanceof Error ? error : new Error(faultText(error)))
    }
    client
      .watch(path, query, (type: unknown, object: unknown) => signal.aborted || event(type, object), end)
      .then((controller) => {
        const abort = () => {
          controller.abort()
          resolve()
        }
        // The signal may have come while the answer was under way.
        if (signal.aborted) abort()
        else signal.addEventListener("abort", abort, { once: true })
      }, end)
  })
}

function selectorsOf({ fieldSelector, labelSelector }: Collection): Readonly<Record<string, string>> {
  return { ...(fieldSelector === null ? {} : { fieldSelector }), ...(labelSelector === null ? {} : { labelSelector }) }
}

function pathOf({ resource, namespace }: Collection): string {
  const group = resource === "endpointslices" ? "/apis/discovery.k8s.io/v1" : "/api/v1"
  return namespace === null ? `${group}/${resource}` : `${group}/namespaces/${namespace}/${resource}`
}

function bounded(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
}

/** Turns whatever a call throws into one form that says what was tried. */
async function ask<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof ApiException) {
      const status = error.code
      const after: unknown = Reflect.get(Object(error.headers), "retry-after")
      const retryAfterMs = /^\d{1,4}$/.test(String(after)) ? Number(after) * 1000 : null
      throw new ApiFault(`Cannot ${what}: the API server answered ${status}${reasonIn(error.body)}`, {
        status,
        retryAfterMs,
      })
    }
    // A watch's refusal carries the status alone.
    const status: unknown = error instanceof Error ? Reflect.get(error, "statusCode") : null
    if (typeof status === "number") throw new ApiFault(`Cannot ${what}: the API server answered ${status}`, { status })
    throw new ApiFault(`Cannot ${what}: ${faultText(error)}`, { status: null })
  }
}

/** The API server's own words; the library gives the body as text or as an object. */
function reasonIn(body: unknown): string {
  let status: unknown = body
  try {
    if (typeof body === "string") status = JSON.parse(body)
  } catch {
    return ""
  }
  const message: unknown = typeof status === "object" && status !== null ? Reflect.get(status, "message") : null
  return typeof message === "string" ? `: ${message}` : ""
}
