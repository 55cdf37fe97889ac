/** `1 entry`, `2 entries`. @param many The plural, if it is not the noun and `s`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/**
 * Columns of text, each as wide as its widest cell, with two spaces between. Add colours afterwards, because they have a width.
 *
 * @returns one line a row, without line ends.
 */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  )
}

/** `a, b, c`; after `most` of them `and 7 more`. @param count Number of all, if there are more than `words`. */
export function firstOf(words: readonly string[], most: number, count = words.length): string {
  const shown = words.slice(0, most)
  return `${shown.join(", ")}${count > shown.length ? ` and ${count - shown.length} more` : ""}`
}

/** `a`, `a and b`, `a, b and c`; after `most` of them `and 7 more`. */
export function listed(words: readonly string[], most = 10): string {
  if (words.length > most) return firstOf(words, most)
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`
}
