import { structuredPatch } from "diff"

import type { Colours } from "../../terminal/screen.ts"

/** A text under the name that the diff shows. */
export interface NamedText {
  readonly name: string
  readonly text: string
}

/**
 * The difference of two texts as `diff -u` prints it, with three lines of context.
 *
 * @returns null if they are equal.
 */
export function unifiedDiff(old: NamedText, new_: NamedText, colours: Colours): string | null {
  if (old.text === new_.text) return null
  const { hunks } = structuredPatch(old.name, new_.name, old.text, new_.text, undefined, undefined, { context: 3 })
  const lines = [colours.bold(`--- ${old.name}`), colours.bold(`+++ ${new_.name}`)]
  for (const hunk of hunks) {
    lines.push(
      colours.cyan(`@@ -${rangeText(hunk.oldStart, hunk.oldLines)} +${rangeText(hunk.newStart, hunk.newLines)} @@`),
    )
    for (const line of hunk.lines) lines.push(coloured(line, colours))
  }
  return `${lines.join("\n")}\n`
}

/** As in POSIX diff: an empty range has the number of the line before it, a range of one line only that line. */
function rangeText(start: number, lines: number): string {
  return lines === 1 ? String(start) : `${lines === 0 ? start - 1 : start},${lines}`
}

function coloured(line: string, colours: Colours): string {
  if (line.startsWith("+")) return colours.green(line)
  return line.startsWith("-") ? colours.red(line) : line
}
