import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { MODEL_FLAG_NAMES, MODEL_FLAGS, type ModelFlagName, modelSettingsFrom } from "../../src/core/model/flags.ts"
import { parseProfile } from "../../src/core/model/profile/profiles.ts"
import type { KeepalivedModel } from "../../src/core/model/keepalived-model.ts"
import { decodeFile } from "../../src/core/objects/decode.ts"
import { createJoin } from "../../src/core/objects/join.ts"
import { createPipeline } from "../../src/core/pipeline.ts"
import { vipConfigMapsOf } from "../../src/core/declare/vip-config-maps.ts"
import { TEMPLATE_NAMES, type TemplateTexts } from "../../src/core/render/template.ts"
import { packageFile } from "../../src/kit/files/package-file.ts"
import { byPlace, problemText } from "../../src/kit/problem.ts"

/** The templates as they are shipped. */
export function shippedTemplates(): TemplateTexts {
  const read = (name: string) => readFileSync(packageFile(`templates/${name}.hbs`, import.meta.url), "utf8")
  return Object.fromEntries(TEMPLATE_NAMES.map((name) => [name, read(name)])) as unknown as TemplateTexts
}

/** Folder of the golden cases: `<case>/case.json`, `<case>/objects/*`, and what they lead to. */
export const GOLDEN = packageFile("test/golden", import.meta.url)

export function goldenCases(): readonly string[] {
  return readdirSync(GOLDEN, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted()
}

export interface GoldenResult {
  readonly config: string
  /** One line a problem; empty where there is none. */
  readonly problems: string
  readonly model: KeepalivedModel
}

/** Walks the objects of a case, read in the order given (or as the folder has them), to the text of keepalived.conf. */
export function walkGolden(
  name: string,
  files: readonly (readonly [name: string, text: string])[] = objectFiles(name),
): GoldenResult {
  const { node, interface: iface, flags, configMaps: names = [] } = caseOf(name)
  const joined = createJoin()(files.map(([file, text]) => decodeFile(file, text)))
  const { value: configMaps, problems: missing } = vipConfigMapsOf(joined.value, names)
  const texts: Partial<Record<ModelFlagName, string>> = {}
  const profile = parseProfile(flags["--profile"] ?? "default")
  const fallbacks: Readonly<Record<string, string>> = profile.kind === "value" ? profile.value.flags : {}
  for (const key of MODEL_FLAG_NAMES) {
    const text = flags[MODEL_FLAGS[key].flag] ?? fallbacks[MODEL_FLAGS[key].flag]
    if (text !== undefined) texts[key] = text
  }
  const settings = modelSettingsFrom(texts)
  if (configMaps.length === 0 || settings.kind === "wrong") throw new Error(`Cannot use the golden case "${name}"`)
  const { built, rendered } = createPipeline(
    settings.settings,
    shippedTemplates(),
  )({
    objects: joined.value,
    configMaps,
    node: { name: node, interface: iface, ipvs: true },
    lastGood: new Map(),
    refused: new Map(),
    draining: new Map(),
    unreachable: new Set(),
  })
  if (rendered === null) throw new Error(`Cannot render the golden case "${name}"`)
  const problems = [...joined.problems, ...missing, ...built.problems].toSorted(byPlace)
  return {
    config: rendered.text,
    problems: problems.map((one) => `${problemText(one)}\n`).join(""),
    model: rendered.model,
  }
}

/** The object files of a case: name and text. */
export function objectFiles(name: string): (readonly [name: string, text: string])[] {
  const folder = join(GOLDEN, name, "objects")
  return readdirSync(folder)
    .toSorted()
    .map((file) => [file, readFileSync(join(folder, file), "utf8")] as const)
}

interface Case {
  readonly node: string
  readonly interface: string
  readonly flags: Readonly<Record<string, string>>
  /** `namespace/name` of the VIP ConfigMaps; absent: the only one. */
  readonly configMaps?: readonly string[]
}

function caseOf(name: string): Case {
  return JSON.parse(readFileSync(join(GOLDEN, name, "case.json"), "utf8")) as Case
}
