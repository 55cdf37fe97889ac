/** A line of keepalived.conf as its parser splits it, with what stands in the block that it opens. */
export interface Statement {
  readonly words: readonly string[]
  /** Null where it opens no block. */
  readonly block: readonly Statement[] | null
}

export interface Statements {
  readonly statements: readonly Statement[]
  /** What in the text means more to keepalived than words and blocks do, or leaves it unbalanced; empty when nothing. */
  readonly strange: readonly string[]
}

/**
 * Splits a keepalived.conf by its manual, and by nothing that we know of our own file: words at blanks, one statement a
 * line, braces wherever they stand, comments from `#` or `!` to the end of the line, quoted strings with their escapes.
 * Whatever expands, includes, continues a line or depends on the machine is only named, as nothing of ours may use it.
 *
 * Shares no code with src/core/render/structure.ts, whose judge it is.
 *
 * Source: keepalived.conf(5), DESCRIPTION, Quoted strings, CONDITIONAL CONFIGURATION AND PARAMETER SUBSTITUTION.
 */
export function statementsOf(text: string): Statements {
  const root: Open = { words: [], statements: [] }
  const reader: Reader = { blocks: [root], words: [], strange: [] }
  for (const [at, line] of text.split("\n").entries()) {
    readLine(reader, line, (what) => void reader.strange.push(`line ${at + 1}: ${what}`))
    endStatement(reader)
  }
  if (reader.blocks.length > 1) reader.strange.push(`${reader.blocks.length - 1} blocks are never closed`)
  return { statements: root.statements, strange: reader.strange }
}

interface Open {
  readonly words: readonly string[]
  readonly statements: Statement[]
}

interface Reader {
  /** The blocks around, outermost first. */
  readonly blocks: Open[]
  words: string[]
  readonly strange: string[]
}

/** keepalived's buffer for a line (MAXBUF); the rest of a longer one is another line to it. */
const LONGEST = 1023
const INCLUDE = /^include[rmwba]?$/

function readLine(reader: Reader, line: string, strange: (what: string) => void): void {
  if (Buffer.byteLength(line) > LONGEST) strange("longer than keepalived's buffer")
  if (/^\s*@/.test(line)) strange("a condition (@)")
  if (line.endsWith("\\")) strange("goes on in the next line (\\)")
  let word: string | null = null
  const endWord = () => {
    if (word === null) return
    if (reader.words.length === 0 && INCLUDE.test(word)) strange("an include")
    reader.words.push(word)
    word = null
  }
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at)
    if (char === "#" || char === "!") {
      endWord()
      if (reader.words.length > 0) strange("a comment that begins behind words")
      else reader.words = [char]
      noteSpecial(line.slice(at + 1), (what) => strange(`${what} in a comment`), /[^ -~]/)
      return
    }
    if (char === "{" || char === "}") {
      endWord()
      if (char === "{") openBlock(reader)
      else if (!closeBlock(reader)) strange("closes a block that nobody opened")
    } else if (char === '"' || char === "'") {
      const end = line.indexOf(char, at + 1)
      strange(end === -1 ? "a quote that never ends" : "a quoted string")
      word = (word ?? "") + line.slice(at + 1, end === -1 ? line.length : end)
      at = end === -1 ? line.length : end
    } else if (/\s/.test(char)) {
      if (char !== " " && char !== "\t") strange(`white space ${code(char)}`)
      endWord()
    } else {
      noteSpecial(char, strange, /[$~\\]|[^!-~]/)
      word = (word ?? "") + char
    }
  }
  endWord()
}

/** `$` expands, `~SEQ` and `~LST` repeat the line, `\` escapes; outside of printable ASCII nothing is ours. */
function noteSpecial(text: string, strange: (what: string) => void, special: RegExp): void {
  const found = special.exec(text)
  if (found !== null) strange(`the character ${code(found[0])}`)
}

function code(char: string): string {
  return /[!-~]/.test(char) ? char : `U+${char.charCodeAt(0).toString(16).padStart(4, "0")}`
}

function endStatement(reader: Reader): void {
  if (reader.words.length > 0) reader.blocks.at(-1)?.statements.push({ words: reader.words, block: null })
  reader.words = []
}

/** A `{` belongs to the words before it, or where there are none to the statement of the line above. */
function openBlock(reader: Reader): void {
  const around = reader.blocks.at(-1)
  const words = reader.words.length > 0 ? reader.words : (around?.statements.pop()?.words ?? [])
  const block: Statement[] = []
  around?.statements.push({ words, block })
  reader.blocks.push({ words, statements: block })
  reader.words = []
}

function closeBlock(reader: Reader): boolean {
  endStatement(reader)
  if (reader.blocks.length === 1) return false
  reader.blocks.pop()
  return true
}
