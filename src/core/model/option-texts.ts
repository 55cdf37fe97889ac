import { MODEL_FLAG_NAMES, MODEL_FLAGS, type ModelFlagName } from "./flags.ts"

/** The key of a flag's text among a command's options, as commander gives them: `--use-unicast` is `useUnicast`. */
export function optionKey(flag: string): string {
  return flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** The texts of the model's flags among a command's options. */
export function modelTextsIn(
  options: Readonly<Record<string, string | boolean | undefined>>,
): Partial<Record<ModelFlagName, string>> {
  const texts: Partial<Record<ModelFlagName, string>> = {}
  for (const name of MODEL_FLAG_NAMES) {
    const given = options[optionKey(MODEL_FLAGS[name].flag)]
    if (given !== undefined) texts[name] = String(given)
  }
  return texts
}
