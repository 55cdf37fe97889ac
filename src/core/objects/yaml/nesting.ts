import { Lexer } from "yaml"

/**
 * Maximum nested levels; Kubernetes objects have fewer than half of them. The parser has its own limit, but needs ten
 * seconds to notice that 1 MiB of brackets or dashes exceeds it.
 */
export const DEEPEST = 200
const DEEP_LINE = /^ *(?:[-?] +){200}/m

/**
 * Finds where a text has more than DEEPEST nested levels. Counts brackets, and runs the lexer only when there are suspiciously
 * many: brackets can be text.
 *
 * @returns an offset, or null.
 */
export function tooDeepAt(text: string): number | null {
  let open = 0
  let suspicious = DEEP_LINE.test(text)
  for (const [bracket] of text.matchAll(/[[{\]}]/g)) {
    open = bracket === "[" || bracket === "{" ? open + 1 : Math.max(0, open - 1)
    suspicious ||= open > DEEPEST
  }
  return suspicious ? nestsDeeperAt(text, DEEPEST) : null
}

/** The lexer's mark before the text of a scalar. */
const SCALAR = "\u001f"

/**
 * Finds where a text has more than `deepest` nested levels: brackets and braces, or dashes and question marks of one line.
 * Characters in a quoted text or a block of text do not count. Reads only the tokens, so a bad text takes no longer.
 *
 * @returns an offset, or null.
 */
function nestsDeeperAt(text: string, deepest: number): number | null {
  let offset = 0
  let open = 0
  let inLine = 0
  let isText = false
  for (const token of new Lexer().lex(text)) {
    if (!isText) {
      if (token === "[" || token === "{") open += 1
      else if (token === "]" || token === "}") open = Math.max(0, open - 1)
      else if (token === "-" || token === "?") inLine += 1
      else if (token.includes("\n")) inLine = 0
      if (open > deepest || inLine > deepest) return offset
    }
    isText = token === SCALAR
    offset += isControl(token) ? 0 : token.length
  }
  return null
}

/** Marks of the lexer that are not in the text: start of a document, start of a scalar, end of a broken flow. */
function isControl(token: string): boolean {
  return token === "\u0002" || token === SCALAR || token === "\u0018"
}
