import { stringify } from "yaml"

import { type Key, sectionsOfKeys } from "./keys.ts"

/** Longest line of a comment. */
const WIDTH = 110

/** The text of `values.yaml`: each key with its default, and what it means before it. */
export function valuesYaml(): string {
  const sections = sectionsOfKeys().flatMap(({ title, keys }) => {
    const lines = keys.filter((key) => key.current).flatMap(linesOf)
    return lines.length === 0 ? [] : [`\n# --- ${title} ---\n${lines.join("\n")}\n`]
  })
  return `# Values of the chart kube-keepalived-vip. \`npm run chart\` writes this file from scripts/chart/values.ts.\n${sections.join("")}`
}

function linesOf(key: Key): readonly string[] {
  const indent = "  ".repeat(key.path.length - 1)
  const comment = wrapped(key.description, WIDTH - indent.length).map((line) => `${indent}# ${line}`)
  const name = key.path.at(-1)!
  if (key.kind === "group") return [...comment, `${indent}${name}:`]
  const text = stringify({ [name]: key.fallback }, { lineWidth: 0, defaultStringType: "PLAIN" }).trimEnd()
  return [...comment, ...text.split("\n").map((line) => `${indent}${line}`)]
}

/** A text in lines of at most `width` characters, broken between words. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(" ")) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
