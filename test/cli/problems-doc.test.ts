import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { chmod, mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { assertExample } from "../support/doc-example.ts"
import { slow } from "../support/slow.ts"
import { kkv } from "./support/kkv.ts"
import { inTree, type Tree } from "./support/manifests.ts"

const root = join(import.meta.dirname, "../..")
const doc = readFileSync(join(root, "docs/problems.md"), "utf8")

/** The files that declare the codes which manifests can lead to. */
const UNIONS = [
  "src/core/objects/problem-codes.ts",
  "src/core/desired/codes.ts",
  "src/core/model/codes.ts",
  "src/cli/input/files.ts",
  "src/sync/problem-codes.ts",
]

test("docs/problems.md has a section for every code", () => {
  const sections = new Set([...doc.matchAll(/^### ([A-Z0-9_]+)$/gm)].map(([, code]) => code))
  const codes = new Set(UNIONS.flatMap((file) => codesIn(readFileSync(join(root, file), "utf8"))))
  assert.ok(codes.size > 40)
  assert.equal(
    [...codes].filter((code) => !sections.has(code)),
    [],
  )
  assert.equal(
    [...sections].filter((code) => code === undefined || !codes.has(code)),
    [],
  )
})

test("docs/problems.md has a line for every code of a current fault", () => {
  const lines = new Set([...doc.matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(([, code]) => code))
  const codes = codesIn(readFileSync(join(root, "src/sidecar/faults/fault-codes.ts"), "utf8"))
  assert.ok(codes.length >= 2)
  assert.equal(
    codes.filter((code) => !lines.has(code)),
    [],
  )
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

/** The codes in a source file: strings in capitals with an underscore. */
function codesIn(source: string): readonly string[] {
  return [...source.matchAll(/"([A-Z]+_[A-Z0-9_]+)"/g)].map(([, code = ""]) => code)
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
