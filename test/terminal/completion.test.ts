import { spawnSync } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"

import { Command, Option } from "commander"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { treeOf } from "../../src/terminal/command-tree.ts"
import { completionFor, SHELLS } from "../../src/terminal/completion.ts"
import { kkv } from "../cli/support/kkv.ts"
import { testUnless } from "../support/test-unless.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const program = new Command("kkv")
program
  .command("validate")
  .description("print what's wrong: [all] of it")
  .argument("<path...>")
  .addOption(new Option("-o, --output <format>", "the form").choices(["text", "json"]))
  .option("--state <dir>", "the node's directory")
  .option("--node <name>", "a name")
  .option("--dry-run", "no change")
program.command("version").description("print versions")

const has = (shell: string) => spawnSync(shell, ["--version"]).status === 0

/** What the shell offers for a command line whose last word is incomplete. */
async function offered(shell: string, ...words: readonly string[]): Promise<readonly string[]> {
  return withTemporaryDirectory(async (directory) => {
    const script = join(directory, "completion")
    await writeFile(script, completionFor(shell === "fish" ? "fish" : "bash", treeOf(program)))
    await writeFile(join(directory, "file.yaml"), "")
    const line =
      shell === "fish"
        ? `source ${script}; complete -C "kkv ${words.join(" ")}" | string replace -r '\\t.*' ''; true`
        : `source ${script}; COMP_WORDS=(kkv ${words.map((word) => `"${word}"`).join(" ")}); COMP_CWORD=${words.length}; _kkv; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr, status } = spawnSync(shell, ["-c", line], { cwd: directory, encoding: "utf8" })
    assert.is(status, 0, stderr)
    return stdout.split("\n").filter((word) => word !== "")
  })
}

for (const shell of ["bash", "fish"])
  testUnless(has(shell) ? null : `there is no ${shell}`)(
    `completionFor() ${shell} completes commands, flags, values and paths`,
    async () => {
      assert.equal(await offered(shell, "val"), ["validate"])
      assert.equal([...(await offered(shell, "v"))].sort(), ["validate", "version"])
      assert.equal(await offered(shell, "validate", "--dr"), ["--dry-run"])
      assert.equal([...(await offered(shell, "validate", "--output", ""))].sort(), ["json", "text"])
      assert.equal(await offered(shell, "validate", "-o", "j"), ["json"])
      assert.equal(await offered(shell, "validate", "fi"), ["file.yaml"])
    },
  )

testUnless(has("bash") ? null : "there is no bash")(
  "completionFor() a value that is not a path offers no file",
  async () => {
    assert.equal(await offered("bash", "validate", "--node", ""), [])
    assert.equal(await offered("bash", "validate", "--state", "fi"), ["file.yaml"])
  },
)

testUnless(has("zsh") ? null : "there is no zsh")("completionFor() zsh reads its script", async () => {
  await withTemporaryDirectory(async (directory) => {
    await writeFile(join(directory, "_kkv"), completionFor("zsh", treeOf(program)))
    const line = `autoload -Uz compinit; compinit -u -d ${directory}/dump; source ${directory}/_kkv; print $+functions[_kkv] $_comps[kkv]`
    const { stdout, stderr } = spawnSync("zsh", ["-fc", line], { encoding: "utf8" })
    assert.is(stdout, "1 _kkv\n", stderr)
  })
})

test("kkv completion has every command and every flag of kkv", async () => {
  const help = (await kkv(["--help"])).out
  const commands = [...help.matchAll(/^ {2}([a-z]+)(?: [<[]\S+)*  /gm)].map(([, name = ""]) => name)
  for (const shell of SHELLS) {
    const { out, status } = await kkv(["completion", shell])
    assert.is(status, 0)
    for (const name of commands.filter((one) => one !== "help"))
      assert.match(out, new RegExp(`\\b${name}\\b`), `${shell} ${name}`)
    assert.match(out, shell === "fish" ? "-l vip-ranges" : "--vip-ranges")
  }
  assert.is((await kkv(["completion", "tcsh"])).status, 2)
})

test.run()
