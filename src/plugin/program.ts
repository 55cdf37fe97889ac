import { Command } from "commander"

import { addDoctor, addOfNodes, addPage } from "./node-commands.ts"
import {
  type Call,
  type CommonOptions,
  commonOptions,
  examples,
  type Give,
  watchOption,
  withCluster,
} from "./options.ts"

/** The command line for commander. A command's code is loaded only when it is called. */
export function programFor(give: Give): Command {
  const { screen } = give
  const program = new Command("kubectl kkv")
    .description(
      "What the nodes of kube-keepalived-vip report, and where the VIPs are to be, with your own rights in the cluster.",
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => screen.out(text),
      writeErr: (text) => screen.err(text),
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      outputError: (text, write) => write(text.replace(/^error: /, "kubectl kkv: ")),
    })
    .addHelpText("after", EXIT_TEXT)
  addStatus(program, give)
  addExplain(program, give)
  addOthers(program, give)
  addOfNodes(program, give)
  addDoctor(program, give)
  addPage(program, give)
  for (const command of program.commands) {
    for (const option of commonOptions()) command.addOption(option)
    command.showHelpAfterError(`Run "kubectl kkv ${command.name()} --help" for its flags`)
  }
  return program.showHelpAfterError('Run "kubectl kkv --help" for the commands').allowExcessArguments(false)
}

const EXIT_TEXT = `
Exit status:
  0  all is well, or the answer was found
  1  something is not well or not known, or the answer was not found
  2  the command line cannot be understood
  3  the cluster cannot be read
`

function addStatus(program: Command, give: Give): void {
  const { ended, signal } = give
  const run = (watch: boolean) => async (options: CommonOptions) => {
    const { status, watchStatus } = await import("./status.ts")
    const command = (call: Call) => (watch || options.watch === true ? watchStatus(call, signal) : status(call))
    ended(await withCluster(options, give, command))
  }
  program
    .command("status")
    .description("print which node holds which VIP, what serves it, and what is not well or not known")
    .addOption(watchOption())
    .addHelpText("after", examples("kubectl kkv status", "kubectl kkv status -o json | jq '.installations[].reasons'"))
    .action(run(false))
  program
    .command("watch")
    .description("the same as status --watch")
    .addHelpText("after", examples("kubectl kkv watch", "kubectl kkv watch -o wide"))
    .action(run(true))
}

function addExplain(program: Command, give: Give): void {
  const { ended } = give
  program
    .command("explain")
    .description("print what led to the state of a VIP, or of the VIPs of a Service")
    .argument("<vip|namespace/service>", "such as 10.4.0.50 or shop/web")
    .addHelpText("after", examples("kubectl kkv explain 10.4.0.50", "kubectl kkv explain shop/web"))
    .action(async (target: string, options: CommonOptions) => {
      const { explain } = await import("./explain.ts")
      ended(await withCluster(options, give, (call) => explain(target, call)))
    })
  program
    .command("who")
    .description("print what an address is: a VIP, a pod behind one, a Service, a node")
    .argument("<address>", "such as 10.4.0.50")
    .addHelpText("after", examples("kubectl kkv who 10.4.0.50", "kubectl kkv who 10.2.68.5"))
    .action(async (address: string, options: CommonOptions) => {
      const { who } = await import("./who.ts")
      ended(await withCluster(options, give, (call) => who(address, call)))
    })
}

function addOthers(program: Command, give: Give): void {
  const { ended, signal } = give
  program
    .command("events")
    .description("print the Events that the product wrote, oldest first")
    .addOption(watchOption())
    .addHelpText("after", examples("kubectl kkv events", "kubectl kkv events --watch"))
    .action(async (options: CommonOptions) => {
      const { events, watchEvents } = await import("./events.ts")
      const command = (call: Call) => (options.watch === true ? watchEvents(call, signal) : events(call))
      ended(await withCluster(options, give, command))
    })
}
