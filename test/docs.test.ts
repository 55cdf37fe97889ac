import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

const root = join(import.meta.dirname, "..")
const documents = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md"],
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
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  )
}

test("docs/security.md proves each row of its tables by a test that is there", () => {
  const text = readFileSync(join(root, "docs/security.md"), "utf8")
  const threats = text.slice(text.indexOf("\n## A user who"), text.indexOf("\n## What listens"))
  const rows = threats.split("\n").filter((line) => /^\| (?!-|they try|it tries)/.test(line))
  assert.ok(rows.length > 25, `${rows.length} rows`)
  for (const row of rows) assert.match(row.split("|")[3] ?? "", /\]\(\.\.\/test\/[^)]+\)/, row)
})

test.run()
