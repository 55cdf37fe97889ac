import type { Command } from "commander"

import { type CommandTree, type Flag, treeOf } from "../terminal/command-tree.ts"
import type { Outside } from "./options.ts"
import { readInstallations } from "./read/installations.ts"

/**
 * What `kubectl_complete-kkv` prints, from the words after `kubectl kkv`: one possible word a line, and for kubectl `:4`, no files.
 *
 * @param words The last one is incomplete, and may be empty.
 */
export async function completionOf(words: readonly string[], program: Command, outside: Outside): Promise<string> {
  const current = words.at(-1) ?? ""
  const before = words.slice(0, -1)
  const tree = treeOf(program)
  const place = before.findIndex((word) => !word.startsWith("-"))
  const command = tree.commands.find(({ name }) => name === before[place])
  const offered =
    command === undefined
      ? tree.commands.map(({ name, description }) => `${name}\t${description}`)
      : await wordsOf(command, { current, before: before.slice(place + 1), outside })
  const fitting = offered.filter((word) => word.startsWith(current))
  return [...fitting, `:${NO_FILES}`].map((line) => `${line}\n`).join("")
}

/** ShellCompDirectiveNoFileComp. Source: cobra, completions.go; kubectl, plugin_completion.go. */
const NO_FILES = 4

interface Asked {
  readonly current: string
  /** The words of the command before the incomplete one. */
  readonly before: readonly string[]
  readonly outside: Outside
}

async function wordsOf(command: CommandTree, { current, before, outside }: Asked): Promise<readonly string[]> {
  const last = before.at(-1) ?? ""
  const flag = command.flags.find(({ long, short, value }) => value !== null && (last === long || last === short))
  if (flag !== undefined) {
    if (flag.choices.length > 0) return flag.choices
    return flag.long === "--to" ? nodes(before, outside) : []
  }
  if (current.startsWith("-")) return command.flags.map(({ long, description }) => `${long}\t${description}`)
  if (positional(command, before) > 0) return []
  const [argument] = command.arguments
  if (argument === undefined) return []
  return /node/.test(argument.usage) ? nodes(before, outside) : /vip/.test(argument.usage) ? vips(before, outside) : []
}

/** Number of words that are neither a flag nor its value. */
function positional({ flags }: CommandTree, words: readonly string[]): number {
  const takes = ({ long, short, value }: Flag, word: string) => value !== null && (word === long || word === short)
  return words.filter((word, at) => {
    const isValue = at > 0 && flags.some((flag) => takes(flag, words[at - 1] ?? ""))
    return !word.startsWith("-") && !isValue
  }).length
}

function nodes(words: readonly string[], outside: Outside): Promise<readonly string[]> {
  return reported(words, outside, ({ nodes: found }) =>
    found.kind === "read" ? found.value.map(({ node }) => node) : [],
  )
}

function vips(words: readonly string[], outside: Outside): Promise<readonly string[]> {
  return reported(words, outside, ({ nodes: found }) =>
    found.kind === "read" ? found.value.flatMap(({ report }) => (report?.serves ?? []).map(({ vip }) => vip)) : [],
  )
}

type Installation = Awaited<ReturnType<typeof readInstallations>>[number]

/** What the cluster offers; nothing if it cannot be asked, because a key press is not the place for an error. */
async function reported(
  words: readonly string[],
  { openCluster }: Outside,
  take: (installation: Installation) => readonly string[],
): Promise<readonly string[]> {
  try {
    const cluster = openCluster({ kubeconfig: valueOf(words, "--kubeconfig"), context: valueOf(words, "--context") })
    try {
      const namespace = valueOf(words, "--namespace") ?? valueOf(words, "-n")
      const found = await readInstallations(cluster.api, namespace)
      return [...new Set(found.flatMap(take))].sort()
    } finally {
      cluster.close()
    }
  } catch {
    return []
  }
}

function valueOf(words: readonly string[], flag: string): string | null {
  const at = words.indexOf(flag)
  const joined = words.find((word) => word.startsWith(`${flag}=`))
  return joined?.slice(flag.length + 1) ?? (at === -1 ? null : (words[at + 1] ?? null))
}
