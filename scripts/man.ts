/**
 * Writes the man pages of kkv and of kubectl kkv, made from the same command lines as their help.
 * Usage: node scripts/man.ts --out DIR     then DIR/man1/kkv.1, kkv-validate.1 …, kubectl-kkv.1, kubectl-kkv-status.1 …
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import type { Command } from "commander"
import { programFor as kkv } from "../src/cli/program.ts"
import { OUTSIDE } from "../src/plugin/options.ts"
import { commandFor as doctor } from "../src/sidecar/doctor/doctor.ts"
import { commandOf as sidecar } from "../src/sidecar/wiring/settings.ts"
import { settingsCommand as sync } from "../src/sync/settings.ts"
import { programFor as plugin } from "../src/plugin/program.ts"
import { type CommandTree, treeOf } from "../src/terminal/command-tree.ts"
import { manPage } from "../src/terminal/man-page.ts"

const { values } = parseArgs({ options: { out: { type: "string" } } })
if (values.out === undefined) {
  console.error("man: expected --out DIR")
  process.exit(2)
}
const folder = join(values.out, "man1")
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as {
  version: string
}
/** Commands that are programs of their own; the pages of `kkv plugin` are those of kubectl kkv. */
const ELSEWHERE = new Set(["sync", "sidecar", "plugin", "doctor"])
/** What `kkv` leads to beside the pages of its own commands. */
const MORE = ["kkv-sync", "kkv-sidecar", "kkv-doctor", "kubectl-kkv"]

mkdirSync(folder, { recursive: true })
const screen = { out: () => {}, err: () => {}, colour: false }
write(
  kkv({ ...screen, input: () => Promise.resolve(Buffer.of()) }, () => {}),
  "kkv",
)
write(plugin({ screen, outside: OUTSIDE, ended: () => {}, signal: AbortSignal.abort() }), "kubectl kkv")

for (const command of [sync(), sidecar(), doctor(screen, () => Promise.resolve())])
  page(command.name(), treeOf(command), { seeAlso: ["kkv"], help: helpOf(command) })

function write(command: Command, program: string): void {
  const tree = treeOf(command)
  const pages = tree.commands.filter(({ name }) => !ELSEWHERE.has(name))
  const name = program.replaceAll(" ", "-")
  page(program, tree, {
    seeAlso: [...pages.map((one) => `${name}-${one.name}`), ...(program === "kkv" ? MORE : [])],
    help: helpOf(command),
  })
  for (const one of pages) {
    const sub = command.commands.find((found) => found.name() === one.name)
    page(`${program} ${one.name}`, one, { seeAlso: [name], help: sub === undefined ? "" : helpOf(sub) })
  }
}

function page(
  program: string,
  tree: CommandTree,
  given: { readonly seeAlso: readonly string[]; readonly help: string },
) {
  const sections = sectionsIn(given.help)
  const text = manPage(program, tree, { version, seeAlso: given.seeAlso, sections })
  writeFileSync(join(folder, `${program.replaceAll(" ", "-")}.1`), text)
}

/** What stands below the flags: `Examples:` and `Exit status:`. */
function sectionsIn(help: string) {
  return [...help.matchAll(/^(Examples|Exit status):\n((?: {2}.*\n)+)/gm)].map(([, title = "", body = ""]) => ({
    title,
    lines: body
      .trimEnd()
      .split("\n")
      .map((line) => line.slice(2)),
  }))
}

/** The help as it is printed, with what comes after it. */
function helpOf(command: Command): string {
  let text = ""
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
  return text
}
