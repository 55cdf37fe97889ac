import type { KubeConfig } from "@kubernetes/client-node"
import { STATUS_CODES } from "node:http"

import { fieldOf } from "../../../kit/field.ts"
import { LineTooLong, linesOf } from "../../../kit/text/lines.ts"
import { ApiFault } from "../../../kubernetes/api-fault.ts"
import { type GetRequest, send } from "../../../kubernetes/get.ts"
import type { WatchEnd, WatchOptions } from "../ports.ts"
import { identityOf, versionOf } from "../store.ts"

/** Maximum bytes of an event. etcd accepts objects of 1.5 MiB; in JSON they are a few times as long. */
const LONGEST_EVENT = 16 * 1024 * 1024
/** Maximum characters of an invalid line that are logged. */
const SHOWN = 80

export interface WatchRequest extends Pick<WatchOptions, "inactivityMs" | "event">, GetRequest {}

/**
 * Runs one watch over the library's connection and with its credentials, but parses it here: the library splits lines at
 * characters that JSON allows, and silently drops what it cannot parse. Such an event would be missing until the next full
 * comparison.
 *
 * @throws ApiFault if a line is not an event; also the errors of undici.
 */
export async function watchStream(config: KubeConfig, request: WatchRequest): Promise<WatchEnd> {
  const silence = createSilence(request.inactivityMs)
  const over = new AbortController()
  try {
    const body = await open(config, request, AbortSignal.any([request.signal, silence.signal, over.signal]))
    let number = 0
    for await (const line of linesOf(heard(body, silence), LONGEST_EVENT)) {
      if (request.signal.aborted) break
      deliver(line, ++number, request)
    }
    return "ended"
  } catch (error) {
    if (request.signal.aborted) return "ended"
    if (silence.signal.aborted) return "silent"
    throw error instanceof LineTooLong ? notAnEvent(error.message) : error
  } finally {
    silence.end()
    over.abort()
  }
}

async function open(
  config: KubeConfig,
  { path, query }: WatchRequest,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const response = await send(config, { path, query: { watch: true, ...query }, signal })
  if (response.status === 200 && response.body !== null) return response.body
  const text = response.statusText || STATUS_CODES[response.status] || "no answer"
  throw Object.assign(new Error(text), { statusCode: response.status })
}

interface Silence {
  /** Aborts when nothing has arrived for too long. */
  readonly signal: AbortSignal
  heard(): void
  end(): void
}

function createSilence(inactivityMs: number): Silence {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), inactivityMs)
  timer.unref()
  return { signal: controller.signal, heard: () => timer.refresh(), end: () => clearTimeout(timer) }
}

async function* heard(body: AsyncIterable<Uint8Array>, silence: Silence): AsyncGenerator<Uint8Array> {
  silence.heard()
  for await (const chunk of body) {
    silence.heard()
    yield chunk
  }
}

const TYPES: ReadonlySet<unknown> = new Set(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"])
const utf8 = new TextDecoder("utf-8", { fatal: true })

/** @throws ApiFault */
function deliver(line: Buffer, number: number, { event }: WatchRequest): void {
  const parsed = parse(line, number)
  const type = fieldOf(parsed, "type")
  const object = fieldOf(parsed, "object")
  const where = `line ${number}`
  if (!TYPES.has(type)) throw notAnEvent(`${where} has the type ${shown(JSON.stringify(type) ?? "none")}`)
  if (type !== "ERROR" && versionOf(object) === null)
    throw notAnEvent(`${where}, ${String(type)}, has no resourceVersion`)
  if (type !== "ERROR" && type !== "BOOKMARK" && identityOf(object) === null)
    throw notAnEvent(`${where}, ${String(type)}, has no name`)
  event(type, object)
}

function parse(line: Buffer, number: number): unknown {
  try {
    return JSON.parse(utf8.decode(line))
  } catch {
    throw notAnEvent(`line ${number} is not JSON: ${shown(line.toString("latin1"))}`)
  }
}

function notAnEvent(why: string): ApiFault {
  return new ApiFault(`Cannot read the watch: ${why}`, { status: null, isGarbled: true })
}

function shown(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}
