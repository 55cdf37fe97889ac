/** One line of an entry's value that says something. */
export interface EntryLine {
  /** Without the blanks around it and without a comment. */
  readonly text: string
  /** Line of the value, from 0. */
  readonly at: number
  /** Number of blanks before it. */
  readonly indent: number
}

/**
 * The lines of an entry's value, without empty ones and without comments. As in YAML, a comment begins with `#` at the begin
 * of a line or behind a blank; no name of Kubernetes has one.
 */
export function entryLines(value: string): readonly EntryLine[] {
  return value.split("\n").flatMap((line, at) => {
    const text = withoutComment(line).trim()
    return text === "" ? [] : [{ text, at, indent: line.length - line.trimStart().length }]
  })
}

function withoutComment(line: string): string {
  const at = line.search(/(?:^|\s)#/)
  return at === -1 ? line : line.slice(0, at)
}
