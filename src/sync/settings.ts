import { Command, CommanderError, InvalidArgumentError, Option } from "commander"

import { DNS_LABEL, DNS_SUBDOMAIN } from "../core/objects/schema.ts"
import { type LogLevel, logLevels } from "../kit/log.ts"

/** What sync is told at its start. */
export interface Settings {
  /** The directory of manifests. */
  readonly source: string
  /** The volume to publish in. */
  readonly desired: string
  /** `namespace/name` of the VIP ConfigMap. */
  readonly servicesConfigmap: string
  /** How many generations are kept. */
  readonly retain: number
  /** Publish once and end. */
  readonly once: boolean
  readonly logLevel: LogLevel
}

export type SettingsReading =
  | { readonly kind: "settings"; readonly settings: Settings }
  /** Help was asked for, or a flag cannot be used; it has been said to the person already. */
  | { readonly kind: "exit"; readonly status: number }

/** Exit status for a flag that cannot be used. */
const USAGE = 2

/** Reads flags, and the environment where a flag is absent. */
export function readSettings(argv: readonly string[]): SettingsReading {
  const command = settingsCommand()
  try {
    command.parse(argv, { from: "user" })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { kind: "exit", status: error.exitCode === 0 ? 0 : USAGE }
  }
  return { kind: "settings", settings: command.opts<Settings>() }
}

function settingsCommand(): Command {
  return new Command("kkv sync")
    .description(
      "Mirrors Kubernetes manifests to the shared volume, from which sidecars make keepalived's configuration.",
    )
    .addOption(
      new Option("--source <directory>", "directory of manifests: *.yaml, *.yml, *.json, at any depth")
        .env("KKV_SOURCE")
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--services-configmap <namespace/name>", "the ConfigMap whose entries are VIPs")
        .env("KKV_SERVICES_CONFIGMAP")
        .argParser(configMapKey)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--desired <directory>", "volume to publish in").env("KKV_DESIRED").default("/run/kkv/desired"),
    )
    .addOption(
      new Option("--retain <count>", "generations to keep, 1 to 100")
        .env("KKV_RETAIN")
        .argParser(retainCount)
        .default(5),
    )
    .addOption(
      new Option("--log-level <level>", "least important events to log")
        .env("KKV_LOG_LEVEL")
        .choices(logLevels)
        .default("info"),
    )
    .option("--once", "publish once and end: 0 when published, 1 when the input is held", false)
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText("after", EXAMPLES)
}

const EXAMPLES = `
Exit status: 0 done, 1 the input has problems (--once), 2 usage, 3 fault, such as another writer in the volume

Examples:
  Publish what a git working tree says, and follow it:
    kkv sync --source ./manifests --services-configmap default/vips
  Publish once, into a directory to look at:
    kkv sync --once --source ./manifests --services-configmap default/vips --desired /tmp/desired
    cat /tmp/desired/status.yaml`

function configMapKey(text: string): string {
  const [namespace, name, ...rest] = text.split("/")
  const isKey = rest.length === 0 && DNS_LABEL.test(namespace ?? "") && DNS_SUBDOMAIN.test(name ?? "")
  if (!isKey) throw new InvalidArgumentError('Wanted "namespace/name", such as "default/vips".')
  return text
}

function retainCount(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > 100) throw new InvalidArgumentError("Wanted a whole number from 1 to 100.")
  return count
}
