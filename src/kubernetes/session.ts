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

import { fieldOf } from "../kit/field.ts"
import { jsonIn } from "../kit/text/json-text.ts"
import { faultText } from "../kit/fault.ts"
import { ApiFault } from "./api-fault.ts"

/** Maximum wait for one answer, in ms. */
const ANSWER_MS = 30_000

/** Options of one call. */
export interface Call {
  readonly signal?: AbortSignal
  /** Content type, in place of the library's choice. */
  readonly contentType?: string
  /**
   * Takes the JSON of a good answer unchanged; the library then sees an empty list. The library's own objects lack fields that
   * its classes do not know, such as the key `__proto__` of a ConfigMap, and need memory a second time.
   */
  readonly asItCame?: (answer: unknown) => void
}

/** One pool of connections to one API server, for all requests. */
export interface Session {
  config(): KubeConfig
  /** Options for one call of the library's typed API, which ends with the signal, with the session, or after half a minute. */
  configuration(call?: Call): Configuration
  /** Aborts when the session closes. */
  readonly ended: AbortSignal
  /** Reads the credentials again, for all later calls. */
  renew(): void
  /** Ends all connections. */
  close(): void
}

/**
 * @param load Reads the kubeconfig or the service account's files; called again to renew the credentials.
 * @param answerMs Maximum wait for one answer.
 * @throws The error of the first call of `load`.
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
        // A token file can be unreadable for an instant during rotation: the next refusal reads it again.
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

/** Makes every request of this config use one pool: the library would make a new pool and connection for each. */
function connect(config: KubeConfig): Connection {
  const server = config.getCurrentCluster()?.server
  if (server === undefined) throw new Error("Cannot use the kubeconfig: it has no current cluster; set current-context")
  let pool: Dispatcher | undefined
  const authenticate = config.applySecurityAuthentication.bind(config)
  const pooled: Dispatcher = new Agent({ headersTimeout: ANSWER_MS, bodyTimeout: 0 })
  config.applySecurityAuthentication = async (context: RequestContext) => {
    await authenticate(context)
    // The library's first dispatcher has the certificates and the proxy; without these there is none.
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

/** Leaves an answer that is not JSON to the library, which reports it. */
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

/** Turns every error of a call into an ApiFault that names the failed operation. */
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
      const after = fieldOf(error.headers, "retry-after")
      const retryAfterMs = /^\d{1,4}$/.test(String(after)) ? Number(after) * 1000 : null
      throw new ApiFault(`Cannot ${what}: the API server answered ${status}${reasonIn(error.body)}`, {
        status,
        retryAfterMs,
      })
    }
    // A refused watch has only the status code.
    const status = fieldOf(error, "statusCode")
    if (typeof status === "number") throw new ApiFault(`Cannot ${what}: the API server answered ${status}`, { status })
    throw new ApiFault(`Cannot ${what}: ${faultText(error)}`, { status: null })
  }
}

/** The API server's message; the library gives the body as text or as an object. */
function reasonIn(body: unknown): string {
  const message = fieldOf(typeof body === "string" ? jsonIn(body) : body, "message")
  return typeof message === "string" ? `: ${message}` : ""
}
