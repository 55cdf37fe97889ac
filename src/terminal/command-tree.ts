import type { Command, Option } from "commander"

/** A flag of a command. */
export interface Flag {
  /** Such as `--output`. */
  readonly long: string
  /** Such as `-o`; null if it has none. */
  readonly short: string | null
  /** What its value is called, such as `format`; null for a switch. */
  readonly value: string | null
  /** The values that it takes; empty if any is. */
  readonly choices: readonly string[]
  readonly description: string
}

/** A command line as data: completions and man pages are made from it. */
export interface CommandTree {
  readonly name: string
  readonly description: string
  readonly commands: readonly CommandTree[]
  readonly flags: readonly Flag[]
  /** As help shows them, such as `<path...>`. */
  readonly arguments: readonly { readonly usage: string; readonly description: string }[]
}

/** What commander knows of a command line; without its own `help`. */
export function treeOf(command: Command): CommandTree {
  return {
    name: command.name(),
    description: command.description(),
    commands: command.commands.map(treeOf),
    flags: command.options.flatMap(flagOf),
    arguments: command.registeredArguments.map((argument) => {
      const name = `${argument.name()}${argument.variadic ? "..." : ""}`
      return { usage: argument.required ? `<${name}>` : `[${name}]`, description: argument.description }
    }),
  }
}

function flagOf({ long, short, flags, description, argChoices, hidden }: Option): readonly Flag[] {
  if (hidden || long === undefined || long === null) return []
  const value = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] ?? null
  return [{ long, short: short ?? null, value, choices: argChoices ?? [], description }]
}
