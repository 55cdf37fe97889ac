import { isSupported } from "../../core/address/ip.ts"
import { parseShortForm } from "../../core/declare/short-form.ts"
import { entriesOf } from "../../core/declare/entries.ts"
import { createModelBuilder } from "../../core/model/build-model.ts"
import { modelSettingsFrom } from "../../core/model/flags.ts"
import { NO_PAST } from "../../core/model/addresses/own-nodes.ts"
import { decodeLargeFile } from "../../core/objects/decode.ts"
import type { ClusterObjects, ConfigMap, Placed } from "../../core/objects/kinds.ts"
import type { Problem } from "../../kit/problem.ts"
import type { Differences } from "./differences.ts"
import type { TargetEntry } from "./target.ts"
import { configMapText } from "./output/config-map.ts"

/** What becomes of the entries, beside the objects of the input. */
export interface CheckedEntries {
  /** Entries that can run. */
  readonly entries: readonly TargetEntry[]
  readonly left: readonly TargetEntry[]
}

/**
 * Reads the entries back from the text that they become, and builds a model of them with the objects of the input, as a node
 * does. An entry that a node would leave out is reported, and left out.
 *
 * @param silent Codes of problems that are not reported, because the caller does.
 */
export function checked(
  candidates: readonly TargetEntry[],
  objects: ClusterObjects,
  { differences, silent = new Set() }: { readonly differences: Differences; readonly silent?: ReadonlySet<string> },
): CheckedEntries {
  const bad = new Map<string, string>()
  const byKey = new Map(candidates.map((entry) => [entry.address, entry]))
  for (const problem of problemsOf(candidates, objects)) {
    const [, , key = ""] = problem.path
    const entry = byKey.get(key)
    if (silent.has(problem.code) || ABOUT_SURROUNDINGS.has(problem.code)) continue
    if (problem.code === "SERVICE_NOT_FOUND" && objects.services.size === 0) continue
    if (problem.severity === "warning" || problem.code === "SERVICE_NOT_FOUND")
      differences.different(noteOf(problem, entry))
    else if (entry === undefined) differences.missing(noteOf(problem, entry))
    else if (!bad.has(key)) bad.set(key, `${problem.code}: ${problem.message}`)
  }
  const left = candidates.filter(({ address }) => bad.has(address))
  for (const { address, text, place } of left)
    differences.missing({
      place,
      was: `${address}: ${text}`,
      becomes: `no entry: ${bad.get(address) ?? ""}`,
      todo: "correct it, and add the entry",
    })
  return { entries: candidates.filter(({ address }) => !bad.has(address)), left }
}

function noteOf({ code, message, place }: Problem<string>, entry: TargetEntry | undefined) {
  const was = entry === undefined ? "all entries" : `${entry.address}: ${entry.text}`
  return { place: entry?.place ?? place, was, becomes: `${code}: ${message}`, todo: "see docs/problems.md" }
}

/** What an entry cannot help: the manifests need not contain Nodes and endpoints. */
const ABOUT_SURROUNDINGS: ReadonlySet<string> = new Set([
  ...["NODE_UNKNOWN", "NODE_WITHOUT_ADDRESS", "UNICAST_NEEDS_PEERS", "NO_ENDPOINTS"],
])

function problemsOf(entries: readonly TargetEntry[], objects: ClusterObjects): readonly Problem<string>[] {
  const { objects: placed, problems } = decodeLargeFile("vip-configmap.yaml", configMapText(entries))
  const configMaps = placed.filter(isConfigMap)
  const settings = modelSettingsFrom({})
  if (settings.kind === "wrong") throw new TypeError("The default settings are wrong")
  const node = { name: objects.nodes[0]?.object.metadata.name ?? "node", interface: "eth0", ipvs: true }
  const built = createModelBuilder(settings.settings)({
    ...{ objects, configMaps, node, past: NO_PAST },
    ...{ lastGood: new Map(), refused: new Map(), draining: new Map(), unreachable: new Set() },
  })
  return [...problems, ...built.problems]
}

function isConfigMap(placed: Placed): placed is Placed<ConfigMap> {
  return placed.object.kind === "ConfigMap"
}

/** Entries as written in a ConfigMap. An entry that does not have our form is reported, and left out. */
export function entriesIn(configMap: Placed<ConfigMap>, differences: Differences): readonly TargetEntry[] {
  return entriesOf(configMap).flatMap((raw) => {
    const { value, problems } = parseShortForm(raw)
    const [problem] = problems
    const [address] = value.addresses
    if (problem === undefined && address !== undefined && isSupported(address.text))
      return { address: address.text, text: raw.text.trimEnd(), place: raw.place }
    differences.missing({
      place: problem?.place ?? raw.place,
      was: `${raw.key}: ${raw.text}`,
      becomes: `no entry: ${problem?.code ?? "BAD_ADDRESS"}: ${problem?.message ?? "it is not an address"}`,
      todo: problem?.code === "METHOD_NOT_SUPPORTED" ? "see docs/client-address.md" : "correct it, and add the entry",
    })
    return []
  })
}
