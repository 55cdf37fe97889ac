import { ADDRESS } from "../../address/pattern.ts"

/**
 * Names the mistake behind a parser error, which only names the unexpected character; null when it is not a known mistake.
 *
 * @param offset Offset of the parser error.
 */
export function reasonFor(text: string, offset: number): string | null {
  // Only a window: a file of garbage can be one line of 1 MiB, with an error at each letter.
  const before = text.slice(Math.max(0, offset - WINDOW), offset)
  const after = text.slice(offset, offset + WINDOW)
  const line = `${before.slice(before.lastIndexOf("\n") + 1)}${after.split("\n", 1)[0] ?? ""}`.trim()
  return MISTAKES.find(({ isIt }) => isIt.test(line))?.says(line) ?? null
}

/** Offset of the first `{{`, which a plain manifest has only in strings; null when there is none. */
export function templateAt(text: string): number | null {
  const at = text.search(/\{\{/)
  return at === -1 ? null : at
}

/** Characters to read on each side of the offset. */
const WINDOW = 400

interface Mistake {
  readonly isIt: RegExp
  readonly says: (line: string) => string
}

const MISTAKES: readonly Mistake[] = [
  {
    isIt: new RegExp(`^${ADDRESS}:\\S`),
    says: (line) => `a space is missing after the colon (expected ${line.replace(":", ": ")})`,
  },
  {
    isIt: new RegExp(`^${ADDRESS}: +[a-z0-9-]+/[a-z0-9-]+ *: +(?:NAT|DR)$`, "i"),
    says: (line) => `there is a space beside the second colon (expected ${withoutSecondSpace(line)})`,
  },
]

function withoutSecondSpace(line: string): string {
  const [key = "", service = "", method = ""] = line.split(":").map((part) => part.trim())
  return `${key}: ${service}:${method}`
}
