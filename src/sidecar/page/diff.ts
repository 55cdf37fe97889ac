import { structuredPatch } from "diff"
import type { Pages } from "./html.ts"
import { MAXIMUM_BYTES } from "./overview.ts"
import { counted } from "../../kit/text/format.ts"
import { clipped } from "./view/words.ts"

/** The generations that ran on this node, from the archive. */
export interface Generations {
  /** Oldest first. */
  list(): Promise<readonly { readonly sequence: number; readonly name: string }[]>
  /** The keepalived.conf of one; null if it is gone. */
  config(name: string): Promise<string | null>
}

/** The two generations to compare, and their keepalived.conf; a sentence if that is not possible. */
export interface Compared {
  readonly from: { readonly sequence: number; readonly text: string }
  readonly to: { readonly sequence: number; readonly text: string }
}

/** Maximum characters of both texts together, and maximum time of a comparison in ms: the agent waits meanwhile. */
const MOST_CHARACTERS = 4_000_000
const TIMEOUT_MS = 200
const MOST_LINES = 1_000
const LONGEST_LINE = 300
/** Unchanged lines around a change. */
const CONTEXT = 3

/** @param from Null: the generation before. @returns a sentence if there is nothing to compare. */
export async function compared(generations: Generations, from: number | null, to: number): Promise<Compared | string> {
  const all = await generations.list()
  const newer = all.find(({ sequence }) => sequence === to)
  const older = all.findLast(({ sequence }) => (from === null ? sequence < to : sequence === from))
  const have = `the archive of this node has ${
    all
      .map(({ sequence }) => sequence)
      .slice(-20)
      .join(", ") || "none"
  }`
  if (newer === undefined) return `Cannot find generation ${to}: ${have}`
  if (older === undefined) return `Cannot find generation ${from ?? `before ${to}`}: ${have}`
  const [before, after] = [await generations.config(older.name), await generations.config(newer.name)]
  if (before === null || after === null) return `Cannot read the keepalived.conf of both generations: ${have}`
  return { from: { sequence: older.sequence, text: before }, to: { sequence: newer.sequence, text: after } }
}

interface Line {
  readonly kind: "plus" | "minus" | "same" | "place"
  readonly text: string
}

/** The lines of the differences; a sentence if there are too many. */
export function diffLines({ from, to }: Compared): readonly Line[] | string {
  const command = `kkv diff shows it`
  if (from.text.length + to.text.length > MOST_CHARACTERS) return `Too large for this page: ${command}`
  const options = { context: CONTEXT, timeout: TIMEOUT_MS }
  const patch = structuredPatch("", "", from.text, to.text, undefined, undefined, options)
  if (patch === undefined) return `Too many differences for this page: ${command}`
  return patch.hunks.flatMap(({ oldStart, newStart, lines }) => [
    { kind: "place" as const, text: `line ${oldStart} > line ${newStart}` },
    ...lines.map((text) => ({ kind: KINDS[text.charAt(0)] ?? "same", text: clipped(text, LONGEST_LINE) }) as const),
  ])
}

const KINDS: Readonly<Record<string, "plus" | "minus">> = { "+": "plus", "-": "minus" }

/** The page of the differences as HTML. */
export function diffHtml(pages: Pages, node: string, both: Compared): string {
  const lines = diffLines(both)
  const title = titleOf(both)
  for (let most = MOST_LINES; ; most = Math.floor(most / 2)) {
    const shown = typeof lines === "string" ? [] : lines.slice(0, most)
    const rest = typeof lines === "string" ? 0 : lines.length - shown.length
    const notes = { fault: typeof lines === "string" ? lines : "", more: rest === 0 ? "" : counted(rest, "line") }
    const html = pages.diff({ title, node, lines: shown, isSame: lines.length === 0, ...notes })
    if (most <= 1 || new TextEncoder().encode(html).length <= MAXIMUM_BYTES) return html
  }
}

/** The same as text. */
export function diffText(both: Compared): string {
  const lines = diffLines(both)
  if (typeof lines === "string") return `${titleOf(both)}\n\n${lines}`
  const texts = lines.map(({ kind, text }) => (kind === "place" ? `@@ ${text} @@` : text))
  return [titleOf(both), "", ...(texts.length === 0 ? ["Nothing changed"] : texts)].join("\n")
}

function titleOf({ from, to }: Compared): string {
  return `keepalived.conf of generation ${from.sequence} and of generation ${to.sequence}`
}
