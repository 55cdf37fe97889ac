import type { ExplainedEndpoint } from "../../core/explain/endpoints.ts"
import type { ExplainedPort, ExplainedService } from "../../core/explain/service.ts"
import type { EntryState } from "../../contract/entry-state.ts"
import { caretText } from "../../kit/text/caret.ts"
import type { Pages } from "./html.ts"
import { MAXIMUM_BYTES } from "./overview.ts"
import { linkTo } from "./view/problems.ts"
import { clipped } from "./view/words.ts"

/** Which VIP to explain. */
export interface AskedVip {
  readonly object: string
  readonly entry: string
  /** Null for the first VIP of the entry. */
  readonly vip: string | null
}

/** One VIP: what was written, what is wrong with it, and what runs. */
export interface VipExplanation {
  readonly node: string
  readonly vip: string
  readonly object: string
  readonly entry: string
  readonly state: EntryState
  /** The text of the entry; null if the newest generation does not have it. */
  readonly text: string | null
  readonly problems: readonly ExplainedProblem[]
  /** Its Services in the newest generation, with the reason of each endpoint. */
  readonly services: readonly ExplainedService[]
  readonly pods: {
    readonly ready: readonly string[]
    readonly draining: readonly string[]
    readonly unreachable: readonly string[]
  }
  /** The lines of keepalived.conf about its virtual servers; empty for none. */
  readonly config: string
}

export interface ExplainedProblem {
  readonly severity: "error" | "warning"
  readonly code: string
  readonly message: string
  /** `vips/default/vips.yaml:3:5`; null if it has no place. */
  readonly place: string | null
  /** That line; null if it cannot be read. */
  readonly line: string | null
  /** Column of the mistake, from 1; null if only the line is known. */
  readonly column: number | null
}

const MOST_LINES = 600
const LONGEST = { line: 200, message: 500 } as const

/** The page of a VIP as HTML. */
export function explanationHtml(pages: Pages, explanation: VipExplanation): string {
  for (let most = MOST_LINES; ; most = Math.floor(most / 2)) {
    const html = pages.vip(contextOf(explanation, most))
    if (most <= 1 || new TextEncoder().encode(html).length <= MAXIMUM_BYTES) return html
  }
}

/** What templates/page/vip.hbs names. */
function contextOf(explanation: VipExplanation, most: number): object {
  const { node, vip, object, entry, state, text, config, pods, problems } = explanation
  return {
    ...{ node, state, object: clipped(object, LONGEST.line), entry: clipped(entry, LONGEST.line) },
    vip: clipped(vip, LONGEST.line),
    title: `${clipped(vip, LONGEST.line)}: ${state}`,
    isGone: text === null,
    text: shortened(text ?? "", most),
    problems: problems.slice(0, most).map((one) => ({
      ...{ code: one.code, link: linkTo(one.code), mood: one.severity === "error" ? "bad" : "wait" },
      message: clipped(one.message, LONGEST.message),
      place: one.place === null ? "" : clipped(one.place, LONGEST.line),
      quote: quoteOf(one),
    })),
    services: servicesOf(explanation.services, most),
    moreServices: Math.max(0, explanation.services.length - most),
    pods: [
      ...pods.ready.map((address) => ({ mood: "ok", text: `${address} ready` })),
      ...pods.draining.map((address) => ({ mood: "wait", text: `${address} draining` })),
      ...pods.unreachable.map((address) => ({ mood: "bad", text: `${address} on a node that does not answer` })),
    ].slice(0, most),
    config: shortened(config, most),
  }
}

/** @param most Maximum number of Services, ports and endpoints in total. */
function servicesOf(services: readonly ExplainedService[], most: number): readonly object[] {
  let left = most
  const take = <T>(all: readonly T[]): readonly T[] => {
    const taken = all.slice(0, left)
    left -= taken.length
    return taken
  }
  return take(services).map(({ service, forwardingMethod, place, ports }) => ({
    title: `Service ${clipped(service, LONGEST.line)} (${forwardingMethod})`,
    isMissing: place === null,
    ports: take(ports).map((port) => {
      const all = port.sources.flatMap((source) => source.endpoints)
      const endpoints = take(all).map(endpointOf)
      return { title: clipped(portTitle(port), LONGEST.line), endpoints, more: all.length - endpoints.length }
    }),
  }))
}

function endpointOf(endpoint: ExplainedEndpoint): object {
  const { node, condition, weight, why } = endpoint
  return {
    ...{ address: addressOf(endpoint), condition, why: clipped(why, LONGEST.message) },
    node: clipped(node ?? "unknown", LONGEST.line),
    mood: weight === null ? "bad" : weight === 0 ? "wait" : "ok",
    is: weight === null ? "not a real server" : `real server, weight ${weight}`,
  }
}

function portTitle({ name, port, protocol, targetPort, virtualServer }: ExplainedPort): string {
  const named = name === "" ? "" : ` (${name})`
  const server = virtualServer === null ? "no virtual server" : `virtual server ${virtualServer}`
  return `Port ${port}/${protocol}${named}, target port ${targetPort}: ${server}`
}

function addressOf({ address, port }: ExplainedEndpoint): string {
  return `${address}${port === null ? "" : `:${port}`}`
}

function shortened(text: string, most: number): string {
  const lines = text.replace(/\n+$/, "").split("\n")
  const shown = lines.slice(0, most).map((line) => clipped(line, LONGEST.line))
  return [...shown, ...(lines.length > most ? [`… ${lines.length - most} more lines`] : [])].join("\n")
}

/** The line, and below it a caret under the mistake; empty without a line. */
function quoteOf({ line, column }: ExplainedProblem): string {
  if (line === null) return ""
  return caretText(clipped(line, LONGEST.line), column)
}

/** The same as text. */
export function explanationText(explanation: VipExplanation): string {
  const { vip, object, entry, state, text, problems, pods, config } = explanation
  const parts = [
    `${vip}: ${state}`,
    `${object}, entry ${entry}${text === null ? ": the newest generation does not have it" : ""}`,
    ...(text === null ? [] : [indented(text)]),
    ...problems.flatMap((one) => [
      `${one.code}: ${one.message}`,
      ...[one.place ?? "", quoteOf(one)].filter((part) => part !== "").map(indented),
    ]),
    `Pods: ${pods.ready.length} ready, ${pods.draining.length} draining, ${pods.unreachable.length} on a node that does not answer`,
    ...explanation.services.map(serviceText),
    config === "" ? "No virtual server" : config.trimEnd(),
  ]
  return parts.join("\n\n")
}

function serviceText({ service, forwardingMethod, place, ports }: ExplainedService): string {
  const head = `Service ${service} (${forwardingMethod})`
  if (place === null) return `${head}: it does not exist`
  const lines = ports.flatMap((port) => [
    `  ${portTitle(port)}`,
    ...port.sources.flatMap(({ endpoints }) =>
      endpoints.map((one) => `    ${addressOf(one)}  ${one.node ?? "unknown node"}  ${one.condition}: ${one.why}`),
    ),
  ])
  return [head, ...lines].join("\n")
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n")
}
