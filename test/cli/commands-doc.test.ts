import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { chmod, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { assertExample } from "../support/doc-example.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { kkv } from "./support/kkv.ts"
import { configMap, GOOD, GOOD_LINE, inTree } from "./support/manifests.ts"
import { volumes } from "./support/volume.ts"

const root = join(import.meta.dirname, "../..")
const doc = readFileSync(join(root, "docs/commands.md"), "utf8")
const sections = new Map(
  doc
    .split(/^## kkv /m)
    .slice(1)
    .map((section) => [/^[a-z]+/.exec(section)?.[0] ?? "", section]),
)

test("docs/commands.md has every command with every flag", async () => {
  const help = (await kkv(["--help"])).out
  const commands = [...help.matchAll(/^ {2}([a-z]+)(?: [<[]\S+)*  /gm)].map(([, name = ""]) => name)
  for (const command of commands.filter((name) => !["sync", "sidecar", "plugin", "doctor", "help"].includes(name))) {
    const section = sections.get(command)
    assert.ok(section !== undefined, command)
    const flags = [...(await kkv([command, "--help"])).out.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)]
    // What all have is said once, and those of render where render is.
    const above =
      doc.slice(0, doc.indexOf("## kkv")) + (/flags\s+of\s+`render`/.test(section ?? "") ? sections.get("render") : "")
    for (const [, flag = ""] of flags)
      if (flag !== "--help") assert.ok(`${section}${above}`.includes(`\`${flag}`), `${command} ${flag}`)
  }
})

test("docs/commands.md names every field of the JSON", () =>
  inTree(
    { ...volumes({ ...GOOD, "vips.yaml": configMap(GOOD_LINE) }), "git/vips.yaml": configMap("foo: x") },
    async () => {
      const directories = ["--applied", "applied", "--desired", "desired"]
      const calls: readonly (readonly string[])[] = [
        ["validate", "git"],
        ["render", "git"],
        ["diff", "git", "desired"],
        ["status", ...directories],
        ["explain", "10.4.0.60", ...directories],
        ["version"],
        ["migrate", "--from", "0.35", "git", "--out", "new"],
      ]
      for (const call of calls) {
        const value = JSON.parse((await kkv([...call, "--output", "json"])).out) as unknown
        const section = `${sections.get(call[0] ?? "")}${doc.slice(0, doc.indexOf("## kkv"))}`
        for (const field of fieldsOf(value, call[0] === "status" ? 1 : 9))
          assert.ok(section.includes(`\`${field}\``) || section.includes(`"${field}"`), `${call[0]}: ${field}`)
      }
    },
  ))

for (const [command, section] of sections) {
  const [, example = ""] = /```console\n([^]*?)```/.exec(section) ?? []
  if (!example.includes("manifests/example")) continue
  test(
    `docs/commands.md the example of ${command} prints what stands there`,
    slow(20_000, () =>
      withTemporaryDirectory(async (bin) => {
        await writeFile(`${bin}/kkv`, `#!/bin/sh\nexec "${process.execPath}" "${root}/src/kkv.ts" "$@"\n`)
        await chmod(`${bin}/kkv`, 0o755)
        const [, line = ""] = /^\$ (.*)$/m.exec(example) ?? []
        const environment = { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` }
        const options = { cwd: root, env: environment }
        const { stdout } = await promisify(execFile)("bash", ["-c", `{ ${line}\n} 2>&1; true`], options)
        // Formatters of Markdown take away the space of an empty context line.
        assertExample(`${root}/docs/commands.md`, `$ ${line}\n${stdout}`.replaceAll(/ +$/gm, ""), example)
      }),
    ),
  )
}

test.run()

/** The names of all fields, down to a depth. */
function fieldsOf(value: unknown, depth: number): readonly string[] {
  if (typeof value !== "object" || value === null || depth === 0) return []
  if (Array.isArray(value)) return value.flatMap((item: unknown) => fieldsOf(item, depth))
  return Object.entries(value).flatMap(([name, inner]) => [name, ...fieldsOf(inner, depth - 1)])
}
