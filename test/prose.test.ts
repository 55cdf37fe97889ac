import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

/** Idioms that a reader whose first language is not English stumbles over, and what to write in their place. */
const IDIOMS: readonly [idiom: RegExp, instead: string][] = [
  [/(?<!there )\b(?:is|are) no (?!longer\b|more than\b)/i, 'write "is not a"'],
  [
    /\bso (?:many|long|often|much)\b(?! as\b| that\b)/i,
    "name the number: a noun phrase, such as Maximum names per watch",
  ],
  [/\b(?:whoever|nobody|somebody)\b/i, "name the actor"],
  [/\bfor want of\b/i, 'write "because … is missing"'],
  [/\banew\b/i, 'write "again"'],
  [/\bwanted\b[: ]/i, 'write "expected"'],
  [/\bof yours\b/i, 'write "your"'],
  [/\bever (?:more|less|slower)\b|\bseldom\b/i, 'write "less and less often"'],
]
/** Files with text for people, below the package's folder. */
const PLACES = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", ".github"],
  ...["docs", "src", "templates", "manifests", "image", "charts"],
]

const root = join(import.meta.dirname, "..")

function filesBelow(place: string): readonly string[] {
  if (place.endsWith(".md")) return [place]
  const names = readdirSync(join(root, place), { recursive: true, withFileTypes: true })
  return names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name).slice(root.length + 1))
}

/** `line: text: what to do`, for each idiom of a text. @param isCode Whether only its comments and strings are prose. */
function idiomsIn(text: string, isCode: boolean): readonly string[] {
  return text.split("\n").flatMap((line, at) => {
    const prose = isCode ? proseIn(line) : line
    const found = IDIOMS.filter(([idiom]) => idiom.test(prose))
    return found.map(([, instead]) => `${at + 1}: ${line.trim()}: ${instead}`)
  })
}

/** The comment of a line of code and what is in its quotes. */
function proseIn(line: string): string {
  if (/^\s*(?:\/?\*|\/\/)/.test(line)) return line
  return (line.match(/"[^"]*"|`[^`]*`?|\s\/\/ .*/g) ?? []).join(" ")
}

for (const [text, count] of [
  ["// it is no address", 1],
  ["/** So many names a watch takes. */", 1],
  ["// as many as there are", 0],
  ["// whoever holds it starts anew", 2],
  ["throw new Error(`it has 3, wanted 2`)", 1],
  ["const wanted = 3", 0],
  ["if (wanted.x === wanted) return wanted", 0],
  ["// it is no longer there", 0],
  ["// there is no Node", 0],
  ["// it asks ever more seldom", 1],
] as const)
  test(`idiomsIn() finds ${count} in "${text}"`, () => {
    assert.is(idiomsIn(text, true).length, count)
  })

test("comments, messages and docs are in plain English", () => {
  const found = PLACES.flatMap(filesBelow).flatMap((file) =>
    idiomsIn(readFileSync(join(root, file), "utf8"), file.endsWith(".ts")).map((idiom) => `${file}:${idiom}`),
  )
  assert.equal(found, [])
})

test.run()
