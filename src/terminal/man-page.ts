import type { CommandTree, Flag } from "./command-tree.ts"

export interface ManPageOptions {
  /** `1.0.0` */
  readonly version: string
  /** Names of the pages that it belongs to: `kkv-validate`. */
  readonly seeAlso: readonly string[]
  /** What stands below the flags: exit statuses, examples; each a title and lines. */
  readonly sections: readonly { readonly title: string; readonly lines: readonly string[] }[]
}

/**
 * The man page of one command, in the macros of man(7). It has no date, so equal input gives equal bytes.
 *
 * @param program Words that start it: `kkv validate`.
 */
export function manPage(program: string, tree: CommandTree, { version, seeAlso, sections }: ManPageOptions): string {
  const title = program.replaceAll(" ", "-")
  const usage = [...tree.arguments.map((one) => one.usage), ...(tree.commands.length > 0 ? ["<command>"] : [])].join(
    " ",
  )
  const lines = [
    `.TH ${quoted(title.toUpperCase())} 1 "" ${quoted(`kube-keepalived-vip ${version}`)} "User Commands"`,
    ".SH NAME",
    `${escaped(title)} \\- ${escaped(tree.description)}`,
    ".SH SYNOPSIS",
    `.B ${escaped(program)}`,
    escaped(`[options] ${usage}`.trim()),
    ...(tree.arguments.length > 0 ? [".SH ARGUMENTS", ...tree.arguments.flatMap(argument)] : []),
    ...(tree.commands.length > 0 ? [".SH COMMANDS", ...tree.commands.flatMap(command)] : []),
    ...(tree.flags.length > 0 ? [".SH OPTIONS", ...tree.flags.flatMap(flag)] : []),
    ...sections.flatMap((one) => [`.SH ${escaped(one.title.toUpperCase())}`, ".nf", ...one.lines.map(escaped), ".fi"]),
    ...(seeAlso.length > 0 ? [".SH SEE ALSO", seeAlso.map((name) => `.BR ${escaped(name)} (1)`).join("\n")] : []),
  ]
  return `${lines.join("\n")}\n`
}

function argument({ usage, description }: CommandTree["arguments"][number]): readonly string[] {
  return [".TP", `.I ${escaped(usage)}`, escaped(description)]
}

function command({ name, description }: CommandTree): readonly string[] {
  return [".TP", `.B ${escaped(name)}`, escaped(description)]
}

function flag({ long, short, value, choices, description }: Flag): readonly string[] {
  const names = short === null ? long : `${short}, ${long}`
  const takes = value === null ? "" : ` <${value}>`
  const only = choices.length === 0 ? "" : ` (one of: ${choices.join(", ")})`
  return [".TP", `.B ${escaped(`${names}${takes}`)}`, escaped(`${description}${only}`)]
}

/** Backslashes and hyphens of the text itself; a dot or a quote at the start of a line would be a macro. */
function escaped(text: string): string {
  const plain = text.replaceAll("\\", "\\e").replaceAll("-", "\\-")
  return /^[.']/.test(plain) ? `\\&${plain}` : plain
}

function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', "\\(dq")}"`
}
