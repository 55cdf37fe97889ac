import { MODEL_FLAGS, type ModelFlagName, modelSettingsFrom } from "../core/model/flags.ts"
import type { ModelSettings } from "../core/model/settings.ts"
import { UsageError } from "./exit-status.ts"

/** The options of a command as commander gives them: by flag, in camel case. */
export type OptionTexts = Readonly<Record<string, string | boolean | undefined>>

/** The key under which an option's text is found: `--use-unicast` is `useUnicast`. */
export function optionKey(flag: string): string {
  return flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** The settings that a command's model flags make. @throws {UsageError} with everything that is wrong. */
export function modelSettings(options: OptionTexts): ModelSettings {
  const texts: Partial<Record<ModelFlagName, string | undefined>> = {}
  for (const [name, { flag }] of Object.entries(MODEL_FLAGS)) {
    const given = options[optionKey(flag)]
    if (isFlagName(name) && given !== undefined) texts[name] = String(given)
  }
  const runDirectory = String(options["runDir"] ?? "/run/keepalived")
  const faults = RUN_DIRECTORY.test(runDirectory)
    ? []
    : [{ flag: "--run-dir", text: runDirectory, reason: "wanted an absolute path of letters, digits and . _ / -" }]
  const result = modelSettingsFrom(texts, `${runDirectory}/release`)
  if (result.kind === "wrong") faults.push(...result.faults)
  if (result.kind === "settings" && faults.length === 0) return result.settings
  throw new UsageError(faults.map(({ flag, text, reason }) => `Cannot use ${flag} "${text}": ${reason}`).join("\n"))
}

/** The interface that `--iface` names. @throws {UsageError} when no interface can have that name. */
export function interfaceOption(text: string | null): string | null {
  if (text === null || INTERFACE.test(text)) return text
  throw new UsageError(`Cannot use --iface ${JSON.stringify(text)}: wanted the name of an interface, such as eth0`)
}

/** What keepalived.conf can hold as a path without quotes. */
const RUN_DIRECTORY = /^(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)+$/
/** What Linux takes (IFNAMSIZ), less what keepalived.conf does not. */
const INTERFACE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/

function isFlagName(name: string): name is ModelFlagName {
  return Object.hasOwn(MODEL_FLAGS, name)
}
