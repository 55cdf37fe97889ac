import { type Command, Option } from "commander"

import type { OptionTexts } from "./input/model-options.ts"
import { configMapOption, configMapsOf, optionText, outputOf, outputOption, pathsArgument } from "./options.ts"
import { EXAMPLES } from "./commands/examples.ts"
import type { OriginName } from "./commands/migrate.ts"
import type { Terminal } from "./output/terminal.ts"

const ORIGINS = ["0.35", "keepalived", "externalips"] as const satisfies readonly OriginName[]

/** Adds `kkv migrate`. */
export function addMigrate(program: Command, terminal: Terminal, ended: (status: number) => void): void {
  program
    .command("migrate")
    .description("write our manifests from those of another load balancer")
    .addArgument(pathsArgument("<path...>"))
    .addOption(
      new Option("--from <what>", "what the files are: of release 0.35, keepalived.conf, or Services with externalIPs")
        .choices(ORIGINS)
        .makeOptionMandatory(),
    )
    .addOption(new Option("--out <dir>", "a new or empty directory for the result").makeOptionMandatory())
    .option("--force", "write into a directory that has files")
    .option("--base <place>", "the kustomize base, such as ../manifests/base (default: that of this release)")
    .addOption(configMapOption())
    .addOption(outputOption())
    .addHelpText("after", EXAMPLES.migrate)
    .action(async (paths: string[], options: OptionTexts) => {
      const { migrate } = await import("./commands/migrate.ts")
      const from = ORIGINS.find((one) => one === options["from"]) ?? "0.35"
      const base = options["base"] === undefined ? null : optionText(options, "base")
      const words = { from, base, out: optionText(options, "out"), force: options["force"] === true }
      const more = { servicesConfigmaps: configMapsOf(options), output: outputOf(options) }
      ended(await migrate(paths, { ...words, ...more }, terminal))
    })
}
