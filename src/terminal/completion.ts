import type { CommandTree, Flag } from "./command-tree.ts"

/** The shells that get a completion. */
export type Shell = (typeof SHELLS)[number]
export const SHELLS = ["bash", "zsh", "fish"] as const

/** A script that completes the commands, flags and values of a program. It starts no program, so a key press costs nothing. */
export function completionFor(shell: Shell, tree: CommandTree): string {
  switch (shell) {
    case "bash":
      return bash(tree)
    case "zsh":
      return zsh(tree)
    case "fish":
      return fish(tree)
  }
}

function bash({ name, commands }: CommandTree): string {
  return `# Completion of ${name} for bash: source <(${name} completion bash)
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    case $word in -*) ;; *) command=$word; break ;; esac
  done
  COMPREPLY=()
  case "$command $previous" in
${commands.flatMap(bashValues).join("")}  esac
  case $command in
    "") COMPREPLY=($(compgen -W "${commands.map((one) => one.name).join(" ")}" -- "$current")) ;;
${commands.map(bashFlags).join("")}  esac
}
complete -o filenames -F _${name} ${name}
`
}

function bashValues({ name, flags }: CommandTree): readonly string[] {
  return flags
    .filter(({ value }) => value !== null)
    .map((flag) => {
      const patterns = spellings(flag).map((one) => `"${name} ${one}"`)
      const words = flag.choices.length > 0 ? `-W "${flag.choices.join(" ")}"` : isPath(flag) ? "-f" : null
      const reply = words === null ? "" : `COMPREPLY=($(compgen ${words} -- "$current")); `
      return `    ${patterns.join(" | ")}) ${reply}return ;;\n`
    })
}

function bashFlags({ name, flags }: CommandTree): string {
  const words = [...flags.map(({ long }) => long), "--help"].join(" ")
  return `    ${name}) if [[ $current == -* ]]; then COMPREPLY=($(compgen -W "${words}" -- "$current")); else COMPREPLY=($(compgen -f -- "$current")); fi ;;\n`
}

function zsh({ name, commands }: CommandTree): string {
  return `#compdef ${name}
# Completion of ${name} for zsh: ${name} completion zsh > "\${fpath[1]}/_${name}"
_${name}() {
  local -a commands
  commands=(
${commands.map((one) => `    ${single(`${one.name}:${one.description}`)}\n`).join("")}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${commands.map(zshFlags).join("")}  esac
}
if [ "$funcstack[1]" = "_${name}" ]; then _${name} "$@"; else compdef _${name} ${name}; fi
`
}

function zshFlags({ name, flags }: CommandTree): string {
  const words = flags.flatMap((flag) =>
    spellings(flag).map((one) => {
      const value =
        flag.value === null
          ? ""
          : `:${flag.value}:${flag.choices.length > 0 ? `(${flag.choices.join(" ")})` : isPath(flag) ? "_files" : " "}`
      return single(`${one}[${flag.description.replaceAll(/[\][:]/g, String.raw`\$&`)}]${value}`)
    }),
  )
  return `    ${name}) _arguments ${[...words, "'--help[show help]'", "'*:file:_files'"].join(" ")} ;;\n`
}

function fish({ name, commands }: CommandTree): string {
  const head = `# Completion of ${name} for fish: ${name} completion fish > ~/.config/fish/completions/${name}.fish\n`
  const names = commands.map(
    (one) => `complete -c ${name} -f -n __fish_use_subcommand -a ${one.name} -d ${single(one.description)}\n`,
  )
  const flags = commands.flatMap((one) => one.flags.map((flag) => fishFlag(name, one.name, flag)))
  return [head, ...names, ...flags].join("")
}

function fishFlag(program: string, command: string, { long, short, value, choices, description }: Flag): string {
  const brief = short === null ? "" : ` -s ${short.slice(1)}`
  const takes = value === null ? "" : choices.length > 0 ? ` -x -a ${single(choices.join(" "))}` : " -r"
  return `complete -c ${program} -n '__fish_seen_subcommand_from ${command}' -l ${long.slice(2)}${brief}${takes} -d ${single(description)}\n`
}

/** Whether the value is a path of this machine. */
function isPath({ value }: Flag): boolean {
  return value !== null && ["dir", "file", "path", "program"].includes(value)
}

function spellings({ long, short }: Flag): readonly string[] {
  return short === null ? [long] : [long, short]
}

/** A text in single quotes, for any of the shells. */
function single(text: string): string {
  return `'${text.replaceAll("'", "’")}'`
}
