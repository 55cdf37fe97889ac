import { Argument, type Command, InvalidArgumentError, Option } from "commander"

import { MODEL_FLAGS, type ModelFlag } from "../core/model/flags.ts"
import { PROFILE_FLAG, PROFILES, takeProfile } from "../core/model/profile/profiles.ts"
import { interfaceOption, modelSettings, type OptionTexts } from "./input/model-options.ts"
import { VALIDATION_FORMATS, type ValidationFormat } from "./output/validation.ts"
import type { RenderOptions } from "./commands/render.ts"

/** Adds the options that determine a keepalived.conf: the ConfigMap, the node, and the flags of the model. */
export function withModelOptions(command: Command): Command {
  command
    .addOption(configMapOption())
    .addOption(withEnvironment("--node <name>", "the node to render for (default: the first by address)"))
    .addOption(
      withEnvironment("--iface <name>", "its interface (default: this host's for the node's address, else eth0)"),
    )
    .addOption(
      withEnvironment("--run-dir <dir>", "where the agent keeps keepalived's release file").default("/run/keepalived"),
    )
  for (const flag of Object.values(MODEL_FLAGS)) command.addOption(modelOption(flag))
  return command.addOption(profileOption()).addOption(outputOption()).hook("preAction", takeProfile)
}

function profileOption(): Option {
  const { flag, value, description, default: fallback } = PROFILE_FLAG
  return withEnvironment(`${flag} <${value}>`, description)
    .choices(PROFILES.map(({ name }) => name))
    .default(fallback)
}

/** One of the flags of the model. */
export function modelOption({ flag, value, description, default: fallback }: ModelFlag<unknown>): Option {
  return value === null
    ? switchOption(flag, description)
    : withEnvironment(`${flag} <${value}>`, description).default(fallback)
}

/** The values of the options of `withModelOptions`. @throws {UsageError} with everything that is wrong. */
export function renderOptions(options: OptionTexts): RenderOptions {
  return {
    servicesConfigmaps: configMapsOf(options),
    node: options["node"] === undefined ? null : optionText(options, "node"),
    interface: interfaceOption(options["iface"] === undefined ? null : optionText(options, "iface")),
    settings: modelSettings(options),
    output: outputOf(options),
  }
}

/** A path that leads to manifests. */
export function pathsArgument(name: string): Argument {
  return new Argument(
    name,
    "manifests: files, directories, one generation, a desired/ volume, an archive; - is standard input",
  )
}

/** Which ConfigMaps hold the VIPs. */
export function configMapOption(): Option {
  const flags = "--services-configmap <namespace/name>"
  const description = "a ConfigMap that holds VIPs; may be repeated, in the order of sync (default: the only one)"
  return withEnvironment(flags, description).argParser<readonly string[] | undefined>((text, given) => {
    const before = given ?? []
    const names = text.split(/[\s,]+/).filter((name) => name !== "")
    if (names.length === 0 || !names.every((name) => /^[^/]+\/[^/]+$/.test(name)))
      throw new InvalidArgumentError("Expected namespace/name, such as kube-system/vips.")
    const twice = names.find((name, at) => before.includes(name) || names.indexOf(name) !== at)
    if (twice !== undefined) throw new InvalidArgumentError(`"${twice}" is named twice.`)
    return [...before, ...names]
  })
}

/** A directory, which has a default and a variable in the environment. */
export function directoryOption(flag: string, fallback: string, description: string): Option {
  return withEnvironment(`${flag} <dir>`, description).default(fallback)
}

/** `--output text|json` */
export function outputOption(): Option {
  return new Option("-o, --output <format>", "text for people, json for programs")
    .choices(["text", "json"])
    .default("text")
}

/** `--output` of `kkv validate`. */
export function validationOption(): Option {
  const description = "text for people, json for programs, github for its workflows, sarif or junit as a report"
  return new Option("-o, --output <format>", description).choices(VALIDATION_FORMATS).default("text")
}

/** Every flag is read from the environment, too: `--run-dir` from KKV_RUN_DIR. */
export function withEnvironment(flags: string, description: string): Option {
  return new Option(flags, description).env(environmentName(flags))
}

/** commander treats a switch in the environment as given, whatever its value; here `false` and an empty value mean false. */
function switchOption(flag: string, description: string): Option {
  const name = environmentName(flag)
  return new Option(flag, `${description} (env: ${name})`).default(
    process.env[name] === "" ? "false" : (process.env[name] ?? "false"),
    "false",
  )
}

function environmentName(flags: string): string {
  const [, name = ""] = /^--([a-z-]+)/.exec(flags) ?? []
  return `KKV_${name.toUpperCase().replaceAll("-", "_")}`
}

/** `namespace/name` of each ConfigMap that was named, in that order. */
export function configMapsOf(options: OptionTexts): readonly string[] {
  const names = options["servicesConfigmap"]
  return Array.isArray(names) ? names.map(String) : []
}

/** The requested format. */
export function outputOf(options: OptionTexts): "text" | "json" {
  return options["output"] === "json" ? "json" : "text"
}

/** The requested format of `kkv validate`. */
export function validationFormatOf(options: OptionTexts): ValidationFormat {
  return VALIDATION_FORMATS.find((format) => format === options["output"]) ?? "text"
}

/** An option's text; empty if it has none. */
export function optionText(options: OptionTexts, key: string): string {
  return String(options[key] ?? "")
}

/** The node's directory. */
export function stateOption(): Option {
  return directoryOption("--state", "/var/lib/kube-keepalived-vip", "the node's directory, with the archive")
}

/** A reason that fits into a pin or a drain. */
export function reasonText(text: string): string {
  if (text.length <= 500) return text
  throw new InvalidArgumentError("Expected at most 500 characters.")
}
