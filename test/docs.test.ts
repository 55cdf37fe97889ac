import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

const root = join(import.meta.dirname, "..")
const documents = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"],
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
]

/** Links of a document to files of this tree. */
function linksIn(document: string): readonly string[] {
  const text = readFileSync(join(root, document), "utf8").replaceAll(/^```[^]*?^```/gm, "")
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => (/^[a-z]+:/.test(link) ? [] : link))
}

for (const document of documents)
  test(`${document}: what it links to is there`, () => {
    for (const link of linksIn(document)) {
      const [path = "", anchor] = link.split("#")
      const file = path === "" ? join(root, document) : join(root, dirname(document), path)
      assert.ok(existsSync(file), link)
      if (anchor !== undefined && statSync(file).isFile())
        assert.ok(anchorsIn(readFileSync(file, "utf8")).includes(anchor), `there is no heading for ${link}`)
    }
  })

function anchorsIn(text: string): readonly string[] {
  return [...text.replaceAll(/^```[^]*?^```/gm, "").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  )
}

/** Places of the tree that name documents in comments, messages and scripts. */
const PLACES = [
  "src",
  "test",
  "scripts",
  "bench",
  "image",
  "manifests",
  "charts",
  "templates",
  ".github",
  "Makefile",
  "Dockerfile",
]

test("each document that a comment or a message names is there, with the heading that it quotes", () => {
  const missing = PLACES.flatMap(filesBelow).flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/\bdocs\/[\w./-]+\.md(?:#[\w-]+|, "[^"\n]+")?/g)].flatMap(
      ([named]) => (isThere(named) ? [] : `${file}: ${named}`),
    ),
  )
  assert.equal(missing, [])
})

/** Whether a document is there, and its heading too, in one of the forms PATH, PATH#heading or PATH, "Heading". */
function isThere(named: string): boolean {
  const [, path = "", anchor, heading] = /^([^#,]+)(?:#(.+)|, "(.+)")?$/.exec(named) ?? []
  if (!existsSync(join(root, path))) return false
  const text = readFileSync(join(root, path), "utf8")
  if (anchor !== undefined) return anchorsIn(text).includes(anchor)
  return heading === undefined || text.includes(`# ${heading}\n`)
}

function filesBelow(place: string): readonly string[] {
  if (statSync(join(root, place)).isFile()) return [place]
  const names = readdirSync(join(root, place), { recursive: true, withFileTypes: true })
  return names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name).slice(root.length + 1))
}

test("README.md links to each page of docs/", () => {
  const linked = linksIn("README.md")
  const pages = readdirSync(join(root, "docs")).map((name) => `docs/${name}`)
  assert.equal(
    // For a folder, a link to one of its files is enough.
    pages.filter((page) => !linked.some((link) => link === page || link.startsWith(`${page}/`))),
    [],
  )
})

test("docs/security.md proves each row of its tables by a test that is there", () => {
  const text = readFileSync(join(root, "docs/security.md"), "utf8")
  const threats = text.slice(text.indexOf("\n## A user who"), text.indexOf("\n## What listens"))
  const rows = threats.split("\n").filter((line) => /^\| (?!-|they try|it tries)/.test(line))
  assert.ok(rows.length > 25, `${rows.length} rows`)
  for (const row of rows) assert.match(row.split("|")[3] ?? "", /\]\(\.\.\/test\/[^)]+\)/, row)
})

test.run()
