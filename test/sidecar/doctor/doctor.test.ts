import { readFileSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { main } from "../../../src/sidecar/doctor/doctor.ts"
import { kkv } from "../../cli/support/kkv.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

interface Said {
  readonly status: number
  readonly out: string
  readonly err: string
}

async function doctor(...words: readonly string[]): Promise<Said> {
  const said = { out: "", err: "" }
  const screen = {
    out: (text: string) => (said.out += text),
    err: (text: string) => (said.err += text),
    colour: false,
  }
  return { status: await main(words, screen), ...said }
}

test("doctor() without a status says that it is unknown, and ends with 1", () =>
  withTemporaryDirectory(async (directory) => {
    const { status, out } = await doctor("--applied", directory, "--output", "json")
    assert.is(status, 1)
    const { healthy, findings } = JSON.parse(out) as { healthy: boolean; findings: { check: string; state: string }[] }
    assert.is(healthy, false)
    assert.equal(
      findings.filter(({ check }) => check === "sidecar").map(({ state }) => state),
      ["unknown"],
    )
    const text = (await doctor("--applied", directory)).out
    assert.match(text, /^sidecar +unknown +it has written no status yet\n {2}causes: .*\n {2}to do: {2}/m)
  }))

test("doctor() a status that cannot be read is a fault, and text in it cannot control the terminal", () =>
  withTemporaryDirectory(async (directory) => {
    await mkdir(directory, { recursive: true })
    await writeFile(join(directory, "status.yaml"), "schema: 1\ntime: \u001b[2J\n")
    const { status, err } = await doctor("--applied", directory)
    assert.is(status, 3)
    assert.match(err, /^kkv: Cannot read ".*status\.yaml": it is from another release, or damaged\n$/)
  }))

test("doctor() refuses what it does not know with 2; kkv lists it", async () => {
  assert.is((await doctor("--bogus")).status, 2)
  assert.is((await doctor("extra")).status, 2)
  assert.is((await doctor("--help")).status, 0)
  assert.match((await kkv(["--help"])).out, /^ {2}doctor +print what is wrong with this node/m)
})

test("docs/commands.md has every flag and every field of kkv doctor", async () => {
  const doc = readFileSync(join(import.meta.dirname, "../../../docs/commands.md"), "utf8")
  const section = /^## kkv doctor$[^]*?(?=^## )/m.exec(doc)?.[0] ?? ""
  const { out } = await doctor("--help")
  for (const [, flag = ""] of out.matchAll(/^ {2}(--(?:applied|desired))/gm))
    assert.match(section, "`" + flag + " DIR`")
  for (const field of ["healthy", "findings", "check", "state", "is", "causes", "action"])
    assert.match(section, "`" + field + "`")
})

test.run()
