import { HttpMethod, type KubeConfig, RequestContext } from "@kubernetes/client-node"
import { fetch, type Response } from "undici"

import { fieldOf } from "../kit/field.ts"
import { jsonIn } from "../kit/text/json-text.ts"
import { ApiFault } from "./api-fault.ts"
import type { Session } from "./session.ts"

/** Maximum wait for one answer, in ms. */
const ANSWER_MS = 30_000

/** An answer of the API server: plain JSON, with all fields that it sends. */
export interface Answer {
  readonly body: unknown
  /** When the API server sent it, by its own clock; null if it does not say. */
  readonly sentAt: Date | null
}

/** A GET of the API server. */
export interface GetRequest {
  /** Below the server's URL, such as `/api/v1/pods`. */
  readonly path: string
  readonly query: Readonly<Record<string, string | number | boolean>>
  readonly signal: AbortSignal
}

/**
 * One GET over the library's connection and with its credentials, without its classes, which drop the fields that they do not
 * know.
 *
 * @throws The errors of undici.
 */
export async function send(config: KubeConfig, { path, query, signal }: GetRequest): Promise<Response> {
  const url = new URL(`${(config.getCurrentCluster()?.server ?? "").replace(/\/+$/, "")}${path}`)
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value))
  const context = new RequestContext(url.toString(), HttpMethod.GET)
  await config.applySecurityAuthentication(context)
  const dispatcher = context.getDispatcher()
  const headers = { ...context.getHeaders(), accept: "application/json" }
  return fetch(url, { headers, signal, ...(dispatcher === undefined ? {} : { dispatcher }) })
}

/** The answer to one GET. @throws ApiFault with the status code of a refusal; also the errors of undici. */
export async function get(session: Session, path: string, query: GetRequest["query"]): Promise<Answer> {
  const signal = AbortSignal.any([session.ended, AbortSignal.timeout(ANSWER_MS)])
  const response = await send(session.config(), { path, query, signal })
  const body = jsonIn(await response.text())
  if (response.status === 200 && body !== undefined) return { body, sentAt: dateOf(response.headers.get("date")) }
  if (response.status === 200)
    throw new ApiFault("the answer is not JSON; is a proxy between here and the API server?", { status: null })
  const message = fieldOf(body, "message")
  const why = typeof message === "string" ? `: ${message}` : ""
  throw new ApiFault(`the API server answered ${response.status}${why}`, { status: response.status })
}

function dateOf(header: string | null): Date | null {
  const time = Date.parse(header ?? "")
  return Number.isNaN(time) ? null : new Date(time)
}
