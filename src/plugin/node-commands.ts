import { type Command, InvalidArgumentError } from "commander"

import { type CommonOptions, examples, type Give, withCluster } from "./options.ts"

interface ActionFlags extends CommonOptions {
  readonly yes?: true
  readonly dryRun?: true
  readonly force?: true
  readonly reason?: string
  readonly to?: string
}

/** The commands that change where the VIPs are: they run `kkv` on nodes, through kubectl. */
export function addOfNodes(program: Command, give: Give): void {
  const { ended } = give
  withFlags(program.command("drain"))
    .description("hand the VIPs of a node over, and keep them away until resume")
    .argument("<node>", "its name")
    .option("--reason <text>", "reason, kept on the node", reasonText)
    .option("--force", "drain also if no other node is known to be able to take over")
    .addHelpText("after", examples("kubectl kkv drain n1 --dry-run", 'kubectl kkv drain n1 --reason "new memory"'))
    .action(async (node: string, options: ActionFlags) => {
      const { drain } = await import("./nodes/drain.ts")
      const flags = { ...flagsOf(options), reason: options.reason ?? null, force: options.force === true }
      ended(await withCluster(options, give, (call) => drain(node, flags, call)))
    })
  withFlags(program.command("move"))
    .description("drain the nodes that come before a node, so that it holds a VIP and all others of its VRRP instance")
    .argument("<vip>", "such as 10.4.0.50")
    .requiredOption("--to <node>", "the node that is to hold it")
    .option("--reason <text>", "reason, kept on the nodes", reasonText)
    .addHelpText(
      "after",
      examples("kubectl kkv move 10.4.0.50 --to n3 --dry-run", "kubectl kkv move 10.4.0.50 --to n3"),
    )
    .action(async (vip: string, options: ActionFlags) => {
      const { move } = await import("./nodes/move.ts")
      const flags = { ...flagsOf(options), reason: options.reason ?? null, to: options.to ?? "" }
      ended(await withCluster(options, give, (call) => move(vip, flags, call)))
    })
  withFlags(program.command("resume"))
    .description("end the drain of a node, or of all")
    .argument("[node]", "its name (default: all that are drained)")
    .addHelpText("after", examples("kubectl kkv resume n1", "kubectl kkv resume --yes"))
    .action(async (node: string | undefined, options: ActionFlags) => {
      const { resume } = await import("./nodes/resume.ts")
      ended(await withCluster(options, give, (call) => resume(node ?? null, flagsOf(options), call)))
    })
}

/** The command that runs `kkv doctor`, which changes nothing. */
export function addDoctor(program: Command, give: Give): void {
  program
    .command("doctor")
    .description("print what is wrong with a node, or with all, what that causes, and what to do")
    .argument("[node]", "its name (default: all that report)")
    .option("--all", "all nodes that report")
    .addHelpText("after", examples("kubectl kkv doctor", "kubectl kkv doctor n1 -o wide"))
    .action(async (node: string | undefined, options: CommonOptions & { readonly all?: true }) => {
      const { doctor } = await import("./nodes/doctor.ts")
      give.ended(await withCluster(options, give, (call) => doctor(node ?? null, options.all === true, call)))
    })
}

/** The command that shows the status page. */
export function addPage(program: Command, give: Give): void {
  program
    .command("page")
    .description("forward a port of this machine to the status page of a node, and print its address; until Ctrl-C")
    .argument("[node]", "its name (default: the node that holds the VIPs)")
    .option("--port <port>", "port of the page in the pod: --http-port of the sidecar", "8080")
    .option("--local-port <port>", "port of this machine (default: a free one)")
    .addHelpText("after", examples("kubectl kkv page", "kubectl kkv page n2 --local-port 8080"))
    .action(
      async (
        node: string | undefined,
        options: CommonOptions & { readonly port: string; readonly localPort?: string },
      ) => {
        const { page } = await import("./nodes/page.ts")
        const ports = { port: options.port, localPort: options.localPort ?? null }
        give.ended(await withCluster(options, give, (call) => page(node ?? null, ports, call, give.signal)))
      },
    )
}

function withFlags(command: Command): Command {
  return command
    .option("-y, --yes", "do not ask whether to go on")
    .option("--dry-run", "print what would happen, and do nothing")
}

function flagsOf({ yes, dryRun }: ActionFlags) {
  return { yes: yes === true, dryRun: dryRun === true }
}

/** A reason that fits into a drain. */
function reasonText(text: string): string {
  if (text.length <= 300) return text
  throw new InvalidArgumentError("Expected at most 300 characters.")
}
