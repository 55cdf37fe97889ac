import { DNS_LABEL } from "../objects/schema.ts"

/** One line of an entry's value that is neither empty nor a comment. */
export interface EntryLine {
  /** Without surrounding spaces and without a comment. */
  readonly text: string
  /** Line of the value, counted from 0. */
  readonly at: number
  /** Number of spaces before it. */
  readonly indent: number
}

/**
 * The lines of an entry's value, without empty lines and comments. As in YAML, a comment starts with `#` at the start of a
 * line or after a space. Kubernetes names do not contain `#`.
 */
export function entryLines(value: string): readonly EntryLine[] {
  return value.split("\n").flatMap((line, at) => {
    const text = withoutComment(line).trim()
    return text === "" ? [] : [{ text, at, indent: line.length - line.trimStart().length }]
  })
}

/** The Service that a line names. */
export interface NamedService {
  readonly namespace: string
  readonly name: string
  /** The text after the colon, which should be a forwarding method; null without a colon. */
  readonly word: string | null
}

/**
 * The Service that a line names before its first colon, whatever follows; null if it does not name one. Both names are DNS
 * labels, so they can become a path.
 */
export function namedService(line: string): NamedService | null {
  const colon = line.indexOf(":")
  const parts = (colon === -1 ? line : line.slice(0, colon)).split("/")
  const [namespace = "", name = ""] = parts
  if (parts.length !== 2 || !DNS_LABEL.test(namespace) || !DNS_LABEL.test(name)) return null
  return { namespace, name, word: colon === -1 ? null : line.slice(colon + 1) }
}

function withoutComment(line: string): string {
  const at = line.search(/(?:^|\s)#/)
  return at === -1 ? line : line.slice(0, at)
}
