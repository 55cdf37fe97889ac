import { Argument, Command } from "commander"

import { MODEL_FLAGS } from "../core/model/flags.ts"
import { treeOf } from "../terminal/command-tree.ts"
import { completionFor, SHELLS } from "../terminal/completion.ts"
import { EXAMPLES } from "./commands/examples.ts"
import { UsageError } from "../terminal/exit-status.ts"
import { modelSettings, type OptionTexts } from "./input/model-options.ts"
import {
  configMapsOf,
  configMapOption,
  directoryOption,
  modelOption,
  outputOf,
  outputOption,
  pathsArgument,
  renderOptions,
  stateOption,
  optionText,
  validationFormatOf,
  validationOption,
  withEnvironment,
  withModelOptions,
} from "./options.ts"
import { addOfState } from "./state-commands.ts"
import { addMigrate } from "./migrate-command.ts"
import type { Terminal } from "./output/terminal.ts"

/**
 * The command line for commander. A command's code is loaded only when it is called.
 *
 * @param ended Receives the exit status.
 */
export function programFor(terminal: Terminal, ended: (status: number) => void): Command {
  const program = new Command("kkv")
    .description(
      "Virtual IPs for Kubernetes on your own hardware. Every command but sync and sidecar works from files alone.",
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      outputError: (text, write) => write(text.replace(/^error: /, "kkv: ")),
    })
    .configureHelp({ subcommandTerm: termOf })
    .option("-V, --version", "same as the command version")
    .addHelpText("after", EXAMPLES.kkv)
  const give: Give = { terminal, ended }
  addElsewhere(program)
  addOfManifests(program, give)
  addOfVolumes(program, give)
  addOfState(program, terminal, ended)
  addMigrate(program, terminal, ended)
  program
    .command("version")
    .description("print the versions of kkv, Node.js and keepalived")
    .addOption(withEnvironment("--keepalived <program>", "keepalived's program").default("/usr/sbin/keepalived"))
    .addOption(outputOption())
    .addHelpText("after", EXAMPLES.version)
    .action(async (options: OptionTexts) => {
      const { version } = await import("./commands/version.ts")
      ended(await version({ keepalived: optionText(options, "keepalived"), output: outputOf(options) }, terminal))
    })
  addSchema(program, give)
  addCompletion(program, give)
  for (const command of program.commands) command.showHelpAfterError(`Run "kkv ${command.name()} --help" for its flags`)
  return program.showHelpAfterError('Run "kkv --help" for the commands').allowExcessArguments(false)
}

/** A command's entry in the list of commands: without the `[options]` that all of them have. */
function termOf(command: Command): string {
  return [command.name(), ...treeOf(command).arguments.map(({ usage }) => usage)].join(" ")
}

interface Give {
  readonly terminal: Terminal
  readonly ended: (status: number) => void
}

/** Separate programs, listed here for users; src/kkv.ts starts them. */
function addElsewhere(program: Command): void {
  const elsewhere = {
    sync: "mirror Kubernetes objects into a volume",
    sidecar: "make keepalived run the configuration in the volume",
    doctor: "print what is wrong with this node; in the sidecar's container",
    plugin: "the plugin of kubectl: what all nodes report (kubectl kkv)",
  }
  for (const [name, description] of Object.entries(elsewhere))
    program
      .command(name)
      .description(description)
      .allowUnknownOption()
      .allowExcessArguments()
      .addHelpText("after", `\nIts own flags: kkv ${name} --help`)
      .action(() => {
        throw new UsageError(`Cannot run ${name} from here: it is a separate program, started as "kkv ${name}"`)
      })
}

function addSchema(program: Command, { terminal, ended }: Give): void {
  program
    .command("schema")
    .description("print a JSON Schema: of the long form of an entry, or of a file of the contract")
    .addArgument(new Argument("[name]", "entry, pointer, manifest, status and others").default("entry"))
    .addHelpText("after", EXAMPLES.schema)
    .action(async (name: string) => {
      const { schema } = await import("./commands/schema.ts")
      ended(schema(name, terminal))
    })
}

function addCompletion(program: Command, { terminal, ended }: Give): void {
  program
    .command("completion")
    .description("print a script that completes the command line in a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText("after", EXAMPLES.completion)
    .action((name: string) => {
      const shell = SHELLS.find((one) => one === name) ?? "bash"
      terminal.out(completionFor(shell, treeOf(program)))
      ended(0)
    })
}

function addOfManifests(program: Command, { terminal, ended }: Give): void {
  program
    .command("validate")
    .description("print everything that is wrong with manifests")
    .addArgument(pathsArgument("<path...>"))
    .addOption(configMapOption())
    .addOption(modelOption(MODEL_FLAGS.vipRanges))
    .addOption(validationOption())
    .addHelpText("after", EXAMPLES.validate)
    .action(async (paths: string[], options: OptionTexts) => {
      const { validate } = await import("./commands/validate.ts")
      const settings = modelSettings(options)
      const words = { servicesConfigmaps: configMapsOf(options), settings, output: validationFormatOf(options) }
      ended(await validate(paths, words, terminal))
    })
  withModelOptions(program.command("render"))
    .description("print the keepalived.conf made from manifests")
    .addArgument(pathsArgument("<path...>"))
    .addHelpText("after", EXAMPLES.render)
    .action(async (paths: string[], options: OptionTexts) => {
      const { render } = await import("./commands/render.ts")
      ended(await render(paths, renderOptions(options), terminal))
    })
  withModelOptions(program.command("diff"))
    .description("print what changes in keepalived.conf")
    .addArgument(
      new Argument("<old>", "a path as in render, an archive or its number in kkv history, or a keepalived.conf"),
    )
    .addArgument(new Argument("<new>", "same as <old>"))
    .addOption(stateOption())
    .addHelpText("after", EXAMPLES.diff)
    .action(async (old: string, new_: string, options: OptionTexts) => {
      const { diff } = await import("./commands/diff.ts")
      ended(await diff([old, new_], { ...renderOptions(options), state: optionText(options, "state") }, terminal))
    })
}

function addOfVolumes(program: Command, { terminal, ended }: Give): void {
  program
    .command("status")
    .description("print what runs on this node, what is held and what is left out")
    .addOption(directoryOption("--applied", "/run/kkv/applied", "the sidecar's volume"))
    .addOption(directoryOption("--desired", "/run/kkv/desired", "the volume of sync"))
    .addOption(stateOption())
    .addOption(outputOption())
    .addHelpText("after", EXAMPLES.status)
    .action(async (options: OptionTexts) => {
      const { status } = await import("./commands/status.ts")
      const directories = { applied: optionText(options, "applied"), desired: optionText(options, "desired") }
      ended(await status({ ...directories, state: optionText(options, "state"), output: outputOf(options) }, terminal))
    })
  withModelOptions(program.command("explain"))
    .description("print what led to the lines of one VIP in keepalived.conf")
    .addArgument(new Argument("<vip>", "the entry's key in the ConfigMap, such as 10.4.0.50"))
    .addArgument(pathsArgument("[path...]"))
    .addOption(directoryOption("--applied", "/run/kkv/applied", "the sidecar's volume"))
    .addOption(directoryOption("--desired", "/run/kkv/desired", "the volume of sync; read if no path is given"))
    .addHelpText("after", EXAMPLES.explain)
    .action(async (vip: string, paths: string[], options: OptionTexts) => {
      const { explain } = await import("./commands/explain.ts")
      const directories = { applied: optionText(options, "applied"), desired: optionText(options, "desired") }
      ended(await explain([vip, ...paths], { ...renderOptions(options), ...directories }, terminal))
    })
}
