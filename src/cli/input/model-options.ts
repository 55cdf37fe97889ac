import { isInterfaceName } from "../../core/address/pattern.ts"
import { modelSettingsFrom } from "../../core/model/flags.ts"
import { modelTextsIn } from "../../core/model/option-texts.ts"
import type { ModelSettings } from "../../core/model/settings.ts"
import { UsageError } from "../../terminal/exit-status.ts"

/** The options of a command as commander gives them: by flag, in camel case. */
export type OptionTexts = Readonly<Record<string, string | boolean | undefined>>

/** The settings from a command's model flags. @throws {UsageError} with everything that is wrong. */
export function modelSettings(options: OptionTexts): ModelSettings {
  const runDirectory = String(options["runDir"] ?? "/run/keepalived")
  const faults = RUN_DIRECTORY.test(runDirectory)
    ? []
    : [{ flag: "--run-dir", text: runDirectory, reason: "expected an absolute path of letters, digits and . _ / -" }]
  const result = modelSettingsFrom(modelTextsIn(options), `${runDirectory}/release`)
  if (result.kind === "wrong") faults.push(...result.faults)
  if (result.kind === "settings" && faults.length === 0) return result.settings
  throw new UsageError(faults.map(({ flag, text, reason }) => `Cannot use ${flag} "${text}": ${reason}`).join("\n"))
}

/** The interface that `--iface` names. @throws {UsageError} when an interface cannot have that name. */
export function interfaceOption(text: string | null): string | null {
  if (text === null || isInterfaceName(text)) return text
  throw new UsageError(`Cannot use --iface ${JSON.stringify(text)}: expected the name of an interface, such as eth0`)
}

/** Paths that keepalived.conf accepts without quotes. */
const RUN_DIRECTORY = /^(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)+$/
