import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { chmod, mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { CLI_CODES } from "../../src/cli/problem-codes.ts"
import { SIDECAR_CODES } from "../../src/sidecar/problem-codes.ts"
import { SYNC_CODES } from "../../src/sync/problem-codes.ts"
import { assertExample } from "../support/doc-example.ts"
import { slow } from "../support/slow.ts"
import { kkv } from "./support/kkv.ts"
import { inTree, type Tree } from "./support/manifests.ts"

const root = join(import.meta.dirname, "../..")
const doc = readFileSync(join(root, "docs/problems.md"), "utf8")

/** What kkv and sync find in manifests and on volumes: each has a section of its own. */
const EXPLAINED: ReadonlySet<string> = new Set([...CLI_CODES, ...SYNC_CODES])
const ALL: ReadonlySet<string> = new Set([...EXPLAINED, ...SIDECAR_CODES])

const documented = [...doc.matchAll(/^### ([A-Z0-9_]+)$/gm)].map(([, code = ""]) => code)
/** The codes in the first column of the tables: a row may have several. */
const listed = [...doc.matchAll(/^\|( *`[A-Z0-9_]+`(?:, `[A-Z0-9_]+`)*) *\|/gm)].flatMap(([, cell = ""]) =>
  [...cell.matchAll(/`([A-Z0-9_]+)`/g)].map(([, code = ""]) => code),
)

test("docs/problems.md has a section for every problem of the input, and a section or a line for every other one", () => {
  assert.equal(missing(EXPLAINED, documented), [])
  assert.equal(missing(ALL, [...documented, ...listed]), [])
})

test("docs/problems.md has no code that no program reports, and none twice", () => {
  const all = [...documented, ...listed]
  assert.equal(missing(all, ALL), [])
  assert.equal(all.length, new Set(all).size)
})

const [head = "", ...sections] = doc.split(/^### /m)
const base = filesIn(head)

for (const section of sections) {
  const [code = ""] = section.split("\n")
  const example = /```console\n([^]*?)```/.exec(section)?.[1]
  if (example === undefined) continue
  test(
    `docs/problems.md the example of ${code} prints what stands there`,
    slow(20_000, () =>
      inTree({ ...base, ...filesIn(section) }, async (directory) => {
        const printed: string[] = []
        for (const command of commandsIn(example)) printed.push(`$ ${command}\n${await outputOf(command, directory)}`)
        assertExample(join(root, "docs/problems.md"), printed.join(""), example)
        assert.match(printed.join(""), `: ${code}: `)
      }),
    ),
  )
}

test.run()

function missing(expected: Iterable<string>, found: Iterable<string>): readonly string[] {
  const known = new Set(found)
  return [...new Set(expected)].filter((code) => !known.has(code))
}

/** The manifests of a text: fenced blocks that begin with their name in a comment. */
function filesIn(text: string): Tree {
  return Object.fromEntries(
    [...text.matchAll(/```yaml\n(# (\S+)\n[^]*?)```/g)].map(([, content = "", name = ""]) => [name, content]),
  )
}

function commandsIn(example: string): readonly string[] {
  return [...example.matchAll(/^\$ (.*)$/gm)].map(([, command = ""]) => command)
}

/** What a command of the documentation prints. A plain call runs in this process, which is much faster. */
async function outputOf(command: string, directory: string): Promise<string> {
  if (/^kkv [\w ./-]+$/.test(command)) {
    const said = await kkv(command.split(" ").slice(1))
    return said.err + said.out
  }
  const bin = `${directory}/.bin`
  await mkdir(bin, { recursive: true })
  await writeFile(`${bin}/kkv`, `#!/bin/sh\nexec "${process.execPath}" "${root}/src/kkv.ts" "$@"\n`)
  await chmod(`${bin}/kkv`, 0o755)
  const environment = { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` }
  const options = { cwd: directory, env: environment }
  // `validate` ends with 1 here: that is the example.
  const { stdout } = await promisify(execFile)("bash", ["-c", `{ ${command}\n} 2>&1; true`], options)
  return stdout
}
