import { MODEL_FLAGS, type ModelFlagName, modelSettingsFrom } from "../../core/model/flags.ts"
import type { ModelSettings } from "../../core/model/settings.ts"
import { UsageError } from "../../terminal/exit-status.ts"

/** The options of a command as commander gives them: by flag, in camel case. */
export type OptionTexts = Readonly<Record<string, string | boolean | undefined>>

/** The key of an option's text: `--use-unicast` is `useUnicast`. */
export function optionKey(flag: string): string {
  return flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** The settings from a command's model flags. @throws {UsageError} with everything that is wrong. */
export function modelSettings(options: OptionTexts): ModelSettings {
  const texts: Partial<Record<ModelFlagName, string | undefined>> = {}
  for (const [name, { flag }] of Object.entries(MODEL_FLAGS)) {
    const given = options[optionKey(flag)]
    if (isFlagName(name) && given !== undefined) texts[name] = String(given)
  }
  const runDirectory = String(options["runDir"] ?? "/run/keepalived")
  const faults = RUN_DIRECTORY.test(runDirectory)
    ? []
    : [{ flag: "--run-dir", text: runDirectory, reason: "expected an absolute path of letters, digits and . _ / -" }]
  const result = modelSettingsFrom(texts, `${runDirectory}/release`)
  if (result.kind === "wrong") faults.push(...result.faults)
  if (result.kind === "settings" && faults.length === 0) return result.settings
  throw new UsageError(faults.map(({ flag, text, reason }) => `Cannot use ${flag} "${text}": ${reason}`).join("\n"))
}

/** The interface that `--iface` names. @throws {UsageError} when an interface cannot have that name. */
export function interfaceOption(text: string | null): string | null {
  if (text === null || INTERFACE.test(text)) return text
  throw new UsageError(`Cannot use --iface ${JSON.stringify(text)}: expected the name of an interface, such as eth0`)
}

/** Paths that keepalived.conf accepts without quotes. */
const RUN_DIRECTORY = /^(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)+$/
/** Names that Linux accepts (IFNAMSIZ), except those that keepalived.conf does not. */
const INTERFACE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/

function isFlagName(name: string): name is ModelFlagName {
  return Object.hasOwn(MODEL_FLAGS, name)
}
