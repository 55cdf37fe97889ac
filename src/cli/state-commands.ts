import { Argument, type Command } from "commander"

import { EXAMPLES } from "./commands/examples.ts"
import type { OptionTexts } from "./input/model-options.ts"
import { directoryOption, optionText, outputOf, outputOption, reasonText, stateOption } from "./options.ts"
import type { Terminal } from "./output/terminal.ts"

/** The commands that read and change the node's directory. @param ended Receives the exit status. */
export function addOfState(program: Command, terminal: Terminal, ended: (status: number) => void): void {
  program
    .command("history")
    .description("print which generations ran on this node, newest first")
    .addOption(stateOption())
    .addOption(outputOption())
    .addHelpText("after", EXAMPLES.history)
    .action(async (options: OptionTexts) => {
      const { history } = await import("./commands/history.ts")
      ended(await history({ state: optionText(options, "state"), output: outputOf(options) }, terminal))
    })
  program
    .command("rollback")
    .description("pin this node to an archived generation until kkv resume")
    .addArgument(new Argument("<sequence>", "its number in kkv history"))
    .addOption(stateOption())
    .addOption(directoryOption("--applied", "/run/kkv/applied", "the sidecar's volume"))
    .option("--reason <text>", "reason, kept in the pin and in the history", reasonText)
    .option("--dry-run", "print what would change, without pinning")
    .addOption(outputOption())
    .addHelpText("after", EXAMPLES.rollback)
    .action(async (sequence: string, options: OptionTexts) => {
      const { rollback } = await import("./commands/rollback.ts")
      const reason = options["reason"] === undefined ? null : optionText(options, "reason")
      const directories = { state: optionText(options, "state"), applied: optionText(options, "applied") }
      const dryRun = options["dryRun"] === true
      ended(await rollback(sequence, { ...directories, reason, dryRun, output: outputOf(options) }, terminal))
    })
  addDrain(program, terminal, ended)
  program
    .command("resume")
    .description("end a rollback or a drain: the newest generation counts again, the node takes part again")
    .addArgument(new Argument("[what]", "which of them, if there are both").choices(["rollback", "drain"]))
    .addOption(stateOption())
    .addOption(outputOption())
    .addHelpText("after", EXAMPLES.resume)
    .action(async (word: string | undefined, options: OptionTexts) => {
      const { HELD, resume } = await import("./commands/resume.ts")
      const what = HELD.find((one) => one === word) ?? null
      ended(await resume({ what, state: optionText(options, "state"), output: outputOf(options) }, terminal))
    })
}

function addDrain(program: Command, terminal: Terminal, ended: (status: number) => void): void {
  program
    .command("drain")
    .description("hand the VIPs of this node over, and keep them away until kkv resume")
    .addOption(stateOption())
    .addOption(directoryOption("--applied", "/run/kkv/applied", "the sidecar's volume"))
    .addOption(directoryOption("--desired", "/run/kkv/desired", "the volume of sync, with what the other nodes report"))
    .option("--reason <text>", "reason, kept in the drain and in the history", reasonText)
    .option("--dry-run", "print what would happen, without draining")
    .option("--force", "drain also if no other node is known to be able to take over")
    .addOption(outputOption())
    .addHelpText("after", EXAMPLES.drain)
    .action(async (options: OptionTexts) => {
      const { drain } = await import("./commands/drain.ts")
      const reason = options["reason"] === undefined ? null : optionText(options, "reason")
      const places = { state: optionText(options, "state"), applied: optionText(options, "applied") }
      const flags = { dryRun: options["dryRun"] === true, force: options["force"] === true, output: outputOf(options) }
      ended(await drain({ ...places, desired: optionText(options, "desired"), reason, ...flags }, terminal))
    })
}
