import { placeText, type Place } from "../../../kit/problem.ts"
import { visible } from "../../../kit/text/escape-hidden.ts"
import { counted } from "../../../kit/text/format.ts"
import type { Difference } from "../differences.ts"
import { byAddress, type Migration, type TargetEntry } from "../target.ts"

/** The report as Markdown: one row a difference, then the entries, then what comes next. */
export function reportText({ target, differences }: Migration, title: string, next: readonly string[]): string {
  const without = differences.filter(({ hasEquivalent }) => !hasEquivalent)
  const different = differences.filter(({ hasEquivalent }) => hasEquivalent)
  const entries = (target?.entries ?? []).toSorted(byAddress)
  return [
    `# Migration from ${title}`,
    `kkv migrate wrote this report. ${summaryOf({ target, differences })}`,
    ...(without.length === 0 ? [] : ["## Without an equivalent", differenceTable(without)]),
    ...(different.length === 0 ? [] : ["## Different", differenceTable(different)]),
    ...(entries.length === 0 ? [] : ["## Entries", entryTable(entries)]),
    ...(next.length === 0 ? [] : ["## Next", next.map((step, at) => `${at + 1}. ${step}`).join("\n")]),
  ]
    .map((part) => `${part}\n`)
    .join("\n")
}

/** `2 entries, 1 without an equivalent, 3 different`. */
export function summaryOf({ target, differences }: Migration): string {
  const count = target?.entries.length ?? 0
  const missing = differences.filter(({ hasEquivalent }) => !hasEquivalent).length
  const entries = count === 1 ? "1 entry" : `${count} entries`
  return `${entries}; ${counted(missing, "thing")} without an equivalent, ${counted(differences.length - missing, "difference")}.`
}

function differenceTable(differences: readonly Difference[]): string {
  const rows = differences.map(({ place, was, becomes, todo }) => [placeOf(place), was, becomes, todo])
  return table([["where", "what was there", "what it becomes", "what to do"], ...rows])
}

function entryTable(entries: readonly TargetEntry[]): string {
  const rows = entries.map(({ address, text, place }) => [
    address,
    text === "" ? "announced only" : text,
    placeOf(place),
  ])
  return table([["address", "forwarded to", "where"], ...rows])
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cellText).join(" | ")} |`
  return [line(head), `| ${head.map(() => "---").join(" | ")} |`, ...rows.map(line)].join("\n")
}

function placeOf(place: Place | null): string {
  return place === null ? "the input" : placeText(place)
}

/** Text for a cell of Markdown: nothing in it is markup, HTML, a link or a mention; a long one is cut. */
export function cellText(text: string): string {
  const short = text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL)}...` : text
  const line = visible(
    short
      .trim()
      .replaceAll(/\s*\n\s*/g, "; ")
      .replaceAll("\t", " "),
  )
  // Markup first: an entity has characters of markup.
  return line
    .replaceAll(/[\\`*_~[\]|#!]/g, String.raw`\$&`)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("@", "&#64;")
    .replaceAll("://", "&#58;//")
    .replaceAll(/www\./gi, (word) => `${word.slice(0, 3)}&#46;`)
}

/** Maximum characters of a cell. */
const LONGEST_CELL = 400
