/** A line of keepalived.conf: its words, and the lines of the block that it opens. */
export interface Statement {
  readonly words: readonly string[]
  /** Counted from 1. */
  readonly line: number
  /** Null if it does not open a block. */
  readonly block: readonly Statement[] | null
}

export interface Config {
  readonly statements: readonly Statement[]
  /** What is wrong with the braces; null if they match. */
  readonly fault: { readonly line: number; readonly text: string } | null
}

interface Open {
  readonly words: readonly string[]
  readonly line: number
  block: Open[] | null
}

/**
 * Reads any keepalived.conf, without knowledge of its keywords: words between blanks, quotes, comments after `!` and `#`, blocks
 * in braces. Never fails: a brace too many is skipped, one too few is added.
 *
 * Source: keepalived.conf(5).
 */
export function readConfig(text: string): Config {
  const root: Open[] = []
  const around: Open[][] = []
  let inside = root
  let fault: Config["fault"] = null
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    let words: string[] = []
    const end = () => {
      if (words.length > 0) inside.push({ words, line: at + 1, block: null })
      words = []
    }
    for (const word of wordsOf(line))
      if (word === "{") {
        // A brace on a line of its own opens the block of the line above.
        const isOfLineAbove = words.length === 0 && inside.at(-1)?.block === null
        if (!isOfLineAbove) inside.push({ words, line: at + 1, block: null })
        words = []
        const owner = inside.at(-1)
        around.push(inside)
        inside = []
        if (owner !== undefined) owner.block = inside
        if (around.length > DEEPEST) return { statements: root, fault: { line: at + 1, text: "it nests too deep" } }
      } else if (word === "}") {
        end()
        const outer = around.pop()
        if (outer === undefined) fault ??= { line: at + 1, text: "it closes a block that is not open" }
        else inside = outer
      } else words.push(word)
    end()
  }
  if (around.length > 0) fault ??= { line: text.split("\n").length, text: "a block is never closed" }
  return { statements: root, fault }
}

/** Maximum nested blocks; keepalived has fewer than ten. */
const DEEPEST = 50

/** Words and braces of a line. A quoted text is one word, without its quotes. */
function wordsOf(line: string): readonly string[] {
  const words: string[] = []
  for (const [word, quoted] of line.matchAll(WORD)) {
    if (word.startsWith("!") || word.startsWith("#")) break
    if (quoted !== undefined) words.push(quoted)
    else if (word.includes("${")) words.push(word)
    else for (const part of word.split(/([{}])/)) if (part !== "") words.push(part)
  }
  return words
}

const WORD = /"([^"]*)"|[^\s"!#]+|[!#]|"/g

/** The statements with a keyword. */
export function named(statements: readonly Statement[], ...keywords: readonly string[]): readonly Statement[] {
  return statements.filter(({ words: [keyword = ""] }) => keywords.includes(keyword))
}

/** The words after a keyword, as one text; null without the keyword. */
export function valueOf(statements: readonly Statement[], ...keywords: readonly string[]): string | null {
  const found = named(statements, ...keywords).at(-1)
  return found === undefined ? null : found.words.slice(1).join(" ")
}
