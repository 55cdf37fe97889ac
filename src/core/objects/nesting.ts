import { Lexer } from "yaml"

/** What the lexer gives before the text of a scalar. */
const SCALAR = "\u001f"

/**
 * Where a text nests deeper than `deepest`: in brackets and braces, or in dashes and question marks of one line. What stands
 * in a quoted text or in a block of text is no nesting. Only the tokens are looked at, which takes no longer for a bad text.
 *
 * @returns an offset, or null.
 */
export function nestsDeeperAt(text: string, deepest: number): number | null {
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

/** Marks that stand for no character of the text: the begin of a document, of a scalar, the end of a broken flow. */
function isControl(token: string): boolean {
  return token === "\u0002" || token === SCALAR || token === "\u0018"
}
