import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { kkv } from "./cli/support/kkv.ts"
import { inTree } from "./cli/support/manifests.ts"
import { run } from "./support/run.ts"
import { slow } from "./support/slow.ts"
import { scenes } from "./support/doc-scenes.ts"

const root = join(import.meta.dirname, "..")
/** Documents whose examples run here; docs/commands.md and docs/problems.md have tests of their own. */
const DOCUMENTS = [
  "README.md",
  "docs/client-address.md",
  "docs/demo.md",
  "docs/migrate-0.35.md",
  "docs/migrate-keepalived.md",
]
const TROUBLES = "docs/troubleshooting.md"

/** A block of commands of kkv and what they print. */
const EXAMPLE = /```console\n(\$ (?:bin\/)?kkv [^]*?)```/

for (const document of [...DOCUMENTS, TROUBLES]) {
  const text = readFileSync(join(root, document), "utf8")
  for (const section of text.split(/^## /m)) {
    const [heading = ""] = section.split("\n")
    const [, example] = EXAMPLE.exec(section) ?? []
    if (example === undefined) continue
    test(
      `${document} the example of "${heading}" prints what stands there`,
      slow(20_000, () => {
        const scene = document === TROUBLES ? scenes()[heading] : (scenes()[document] ?? {})
        assert.ok(scene !== undefined, `there is no scene for "${heading}"`)
        return inTree(scene, async (directory) => {
          const printed: string[] = []
          for (const [, command = ""] of example.matchAll(/^\$ (.*)$/gm))
            printed.push(`$ ${command}\n${await outputOf(command, directory)}`)
          if (process.env["UPDATE_GOLDEN"] === "1") writeExample(document, heading, withAges(printed.join("")))
          else assert.is(withAges(printed.join("")), withAges(example))
        })
      }),
    )
  }
}

test("docs/troubleshooting.md names problem codes that the programs have", () => {
  const source = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(root, "src", name), "utf8"))
    .join("\n")
  const named = [...readFileSync(join(root, TROUBLES), "utf8").matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(
    ([, code = ""]) => code,
  )
  const codes = named.filter((code) => !code.startsWith("KKV_"))
  assert.ok(codes.length > 10, `${codes.length} codes`)
  assert.equal(
    codes.filter((code) => !source.includes(`"${code}"`)),
    [],
  )
})

test.run()

/** Writes the output into the section, whose example may be in other sections as well. */
function writeExample(document: string, heading: string, printed: string): void {
  const path = join(root, document)
  const sections = readFileSync(path, "utf8").split(/^(?=## )/m)
  const written = sections.map((section) =>
    section.startsWith(`## ${heading}\n`) || section.startsWith(`${heading}\n`)
      ? section.replace(EXAMPLE, () => `\`\`\`console\n${printed}\`\`\``)
      : section,
  )
  writeFileSync(path, written.join(""))
}

/** What `kkv WORD... | FILTER` prints on a terminal: kkv runs in this process, which is much faster, and a shell the filter. */
async function outputOf(command: string, directory: string): Promise<string> {
  const [, words = "", filter] = /^(?:bin\/)?kkv ([^|]*[^| ])(?: \| (.*))?$/.exec(command) ?? []
  cpSync(join(root, "manifests/example"), join(directory, "manifests/example"), { recursive: true })
  Object.assign(process.env, { KKV_APPLIED: "applied", KKV_DESIRED: "desired", KKV_STATE: "state" })
  // The status may be 1: that is the example.
  const said = await kkv(words.split(" "))
  const out = filter === undefined ? said.out : (await run("bash", ["-c", filter], { input: said.out })).stdout
  return said.err + out
}

/** Ages grow while a test runs; lines end without spaces. */
function withAges(text: string): string {
  return text
    .replaceAll(/\b[1-9] s ago/g, "2 s ago")
    .replaceAll(/\b20\d s ago/g, "200 s ago")
    .replaceAll(/ +$/gm, "")
}
