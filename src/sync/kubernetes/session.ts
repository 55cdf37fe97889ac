import {
  ApiException,
  type Configuration,
  createConfiguration,
  type KubeConfig,
  type RequestContext,
  type ResponseContext,
  ServerConfiguration,
} from "@kubernetes/client-node"
import { Agent, type Dispatcher } from "undici"

import { faultText } from "../../kit/fault.ts"
import { ApiFault } from "../api-fault.ts"

/** No single answer is waited for any longer. */
const ANSWER_MS = 30_000

/** How one call differs from another. */
export interface Call {
  readonly signal?: AbortSignal
  /** In place of the one that the library chooses. */
  readonly contentType?: string
  /**
   * Takes the JSON of a good answer as it came; the library then sees an empty list. Its own objects lack what JSON has and its
   * classes do not know, such as the key `__proto__` of a ConfigMap, and are held in memory a second time.
   */
  readonly asItCame?: (answer: unknown) => void
}

/** One pool of connections to one API server, for all that we ask it. */
export interface Session {
  config(): KubeConfig
  /** For one call of the library's typed API, which ends with the signal, the session or after half a minute. */
  configuration(call?: Call): Configuration
  /** Aborts when the session is closed. */
  readonly ended: AbortSignal
  /** Reads the credentials again; what comes then uses them. */
  renew(): void
  /** Ends all connections. */
  close(): void
}

/**
 * @param load Reads the kubeconfig or the service account's files; called again whenever credentials are renewed.
 * @param answerMs No single answer is waited for any longer.
 * @throws What `load` throws, at the first time.
 */
export function openSession(load: () => KubeConfig, answerMs = ANSWER_MS): Session {
  let connection = connect(load())
  const ended = new AbortController()
  return {
    config: () => connection.config,
    configuration: ({ signal = ended.signal, contentType, asItCame } = {}) => {
      const bounded = AbortSignal.any([signal, ended.signal, AbortSignal.timeout(answerMs)])
      return configuration(connection, {
        prepare: (context) => {
          context.setSignal(bounded)
          if (contentType !== undefined) context.setHeaderParam("Content-Type", contentType)
        },
        answered: (answer) => (asItCame === undefined ? Promise.resolve() : handOver(answer, asItCame)),
      })
    },
    ended: ended.signal,
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

interface Middleware {
  readonly prepare: (context: RequestContext) => void
  readonly answered: (answer: ResponseContext) => Promise<void>
}

function configuration({ config, server }: Connection, { prepare, answered }: Middleware): Configuration {
  return createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: config },
    promiseMiddleware: [
      {
        pre: async (context) => {
          prepare(context)
          return context
        },
        post: async (response) => {
          await answered(response)
          return response
        },
      },
    ],
  })
}

/** What is no JSON is left to the library, which says so. */
async function handOver(answer: ResponseContext, take: (answer: unknown) => void): Promise<void> {
  if (answer.httpStatusCode !== 200) return
  const text = await answer.body.text()
  const left = (): string => {
    try {
      take(JSON.parse(text))
      return '{"metadata":{},"items":[]}'
    } catch {
      return text
    }
  }
  const body = left()
  Object.assign(answer.body, { text: () => Promise.resolve(body), binary: () => Promise.resolve(Buffer.from(body)) })
}

/** Turns whatever a call throws into one form that says what was tried. */
export async function ask<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof ApiFault) {
      const { status, retryAfterMs, isGarbled, message } = error
      throw new ApiFault(`Cannot ${what}: ${message}`, { status, retryAfterMs, isGarbled })
    }
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
