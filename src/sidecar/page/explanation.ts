import type { EntryState } from "../../contract/entry-state.ts"
import { visible } from "../../kit/text/escape-hidden.ts"
import type { Pages } from "./html.ts"
import { MAXIMUM_BYTES } from "./overview.ts"
import { linkTo } from "./view/problems.ts"
import { clipped } from "./view/words.ts"

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
    pods: [
      ...pods.ready.map((address) => ({ mood: "ok", text: `${address} ready` })),
      ...pods.draining.map((address) => ({ mood: "wait", text: `${address} draining` })),
      ...pods.unreachable.map((address) => ({ mood: "bad", text: `${address} on a node that does not answer` })),
    ].slice(0, most),
    config: shortened(config, most),
  }
}

function shortened(text: string, most: number): string {
  const lines = text.replace(/\n+$/, "").split("\n")
  const shown = lines.slice(0, most).map((line) => clipped(line, LONGEST.line))
  return [...shown, ...(lines.length > most ? [`… ${lines.length - most} more lines`] : [])].join("\n")
}

/** The line, and below it a caret under the mistake; empty without a line. */
function quoteOf({ line, column }: ExplainedProblem): string {
  if (line === null) return ""
  const shown = visible(clipped(line, LONGEST.line)).replaceAll("\t", " ")
  if (column === null || column > shown.length + 1) return shown
  return `${shown}\n${" ".repeat(column - 1)}^`
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
    config === "" ? "No virtual server" : config.trimEnd(),
  ]
  return parts.join("\n\n")
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n")
}
