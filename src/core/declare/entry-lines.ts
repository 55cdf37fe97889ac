/** One line of an entry's value that is neither empty nor a comment. */
export interface EntryLine {
  /** Without surrounding blanks and without a comment. */
  readonly text: string
  /** Line of the value, counted from 0. */
  readonly at: number
  /** Number of blanks before it. */
  readonly indent: number
}

/**
 * The lines of an entry's value, without empty lines and comments. As in YAML, a comment starts with `#` at the start of a
 * line or after a blank. Kubernetes names do not contain `#`.
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
