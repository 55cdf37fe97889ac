import { HttpMethod, RequestContext } from "@kubernetes/client-node"
import { fetch } from "undici"

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

/**
 * One GET without the classes of the client library, which drop the fields that they do not know.
 *
 * @param path Below the server's URL, such as `/api/v1/pods`.
 * @throws ApiFault with the status code of a refusal; also the errors of undici.
 */
export async function get(session: Session, path: string, query: Readonly<Record<string, string>>): Promise<Answer> {
  const config = session.config()
  const url = new URL(`${(config.getCurrentCluster()?.server ?? "").replace(/\/+$/, "")}${path}`)
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value)
  const context = new RequestContext(url.toString(), HttpMethod.GET)
  await config.applySecurityAuthentication(context)
  const dispatcher = context.getDispatcher()
  const response = await fetch(url, {
    headers: { ...context.getHeaders(), accept: "application/json" },
    signal: AbortSignal.any([session.ended, AbortSignal.timeout(ANSWER_MS)]),
    ...(dispatcher === undefined ? {} : { dispatcher }),
  })
  const text = await response.text()
  const body = parsed(text)
  if (response.status === 200 && body !== undefined) return { body, sentAt: dateOf(response.headers.get("date")) }
  if (response.status === 200)
    throw new ApiFault("the answer is not JSON; is a proxy between here and the API server?", { status: null })
  const message: unknown = Reflect.get(Object(body), "message")
  const why = typeof message === "string" ? `: ${message}` : ""
  throw new ApiFault(`the API server answered ${response.status}${why}`, { status: response.status })
}

/** Undefined if it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function dateOf(header: string | null): Date | null {
  const time = Date.parse(header ?? "")
  return Number.isNaN(time) ? null : new Date(time)
}
