import { isSupported } from "../../../core/address/ip.ts"
import { vipConfigMapsOf } from "../../../core/declare/vip-config-maps.ts"
import { entryLines, namedService } from "../../../core/declare/entry-lines.ts"
import type { ClusterObjects, ConfigMap, Placed } from "../../../core/objects/kinds.ts"
import { checked, entriesIn } from "../check.ts"
import { createDifferences, type Differences } from "../differences.ts"
import { type PlainDocument, plainDocuments } from "../documents.ts"
import { type MigrationInput, objectsIn } from "../input.ts"
import { CONFIG_MAP, EMPTY_TARGET, type Migration, NAMESPACE, type TargetEntry } from "../target.ts"
import { settingsOf } from "./flags.ts"
import { helmValuesIn } from "./helm-values.ts"
import { NODE_LABEL, nodeByNode } from "./node-by-node.ts"
import { type Installation, scalarText, workloadIn } from "./workload.ts"

/** Migrates an installation of release 0.35: its workload or the values of its Helm chart, and its ConfigMap. */
export function migrateRelease035(input: MigrationInput): Migration {
  const differences = createDifferences()
  const objects = objectsIn(input, differences)
  const documents = input.files.flatMap(plainDocuments)
  const [installation, ...others] = [...found(documents, workloadIn), ...found(documents, helmValuesIn)]
  for (const other of others) reportOther(other, differences)
  const configMaps = configMapsOf(installation, { input, objects, differences })
  const entries = onceEach(
    [...valuesEntries(installation, differences), ...configMaps.flatMap((one) => entriesIn(one, differences))],
    differences,
  )
  if (installation === undefined && configMaps.length === 0) return { target: null, differences: differences.all() }
  reportHabits(entries, differences)
  const settings = settingsOf(installation ?? NAMELESS, differences)
  if (installation === undefined) reportAbsence(differences)
  reportInstallation(installation ?? NAMELESS, differences)
  const placement = nodeByNode(installation?.placement ?? EMPTY_TARGET.placement)
  const kept = checked(entries, objects, { differences }).entries
  return { target: { ...EMPTY_TARGET, ...settings, entries: kept, placement }, differences: differences.all() }
}

function found(
  documents: readonly PlainDocument[],
  find: (one: PlainDocument) => Installation | null,
): readonly Installation[] {
  return documents.flatMap((one) => find(one) ?? [])
}

/** In place of an installation that is not in the input: all flags have their defaults. */
const NAMELESS: Installation = {
  ...{ title: "release 0.35", place: null, isDaemonSet: true, others: [] },
  ...{ flags: new Map(), env: new Map(), placement: EMPTY_TARGET.placement, entries: null },
}

function reportOther({ title, place, entries }: Installation, differences: Differences): void {
  const addresses = Object.entries(entries ?? {}).map(([key, text]) => `${key}: ${scalarText(text)}`)
  differences.missing({
    place,
    was: `a second installation: ${[title, ...addresses].join(", ")}`,
    becomes: "nothing",
    todo: "run kkv migrate for each installation by itself, unless both mean the same one",
  })
}

interface Around {
  readonly input: MigrationInput
  readonly objects: ClusterObjects
  readonly differences: Differences
}

/** The ConfigMaps with entries: those that the command line names, else the one that the workload names, else the only one. */
function configMapsOf(
  installation: Installation | undefined,
  { input, objects, differences }: Around,
): readonly Placed<ConfigMap>[] {
  const named = installation?.flags.get("services-configmap")
  const names = input.servicesConfigmaps.length > 0 ? input.servicesConfigmaps : named === undefined ? [] : [named]
  const isElsewhere = installation?.entries !== null && installation !== undefined && names.length === 0
  const chosen = isElsewhere ? { value: [], problems: [] } : vipConfigMapsOf(objects, names)
  for (const { message, place } of chosen.problems)
    differences.missing({ place, was: message, becomes: "no entries", todo: "add the ConfigMap to the input" })
  for (const one of objects.configMaps.values()) if (!chosen.value.includes(one)) reportUnused(one, differences)
  for (const { object, place } of chosen.value)
    differences.different({
      place,
      was: `ConfigMap ${object.metadata.namespace}/${object.metadata.name}`,
      becomes: `ConfigMap ${NAMESPACE}/${CONFIG_MAP}`,
      todo: "change what writes to it",
    })
  return chosen.value
}

function reportUnused({ object, keyPlaces, place }: Placed<ConfigMap>, differences: Differences): void {
  for (const [key, text] of Object.entries(object.data).filter(([name]) => isSupported(name)))
    differences.different({
      place: keyPlaces.get(key) ?? place,
      was: `${key}: ${text}`,
      becomes: `nothing: 0.35 does not read ConfigMap ${object.metadata.namespace}/${object.metadata.name}`,
      todo: "look whether another installation reads it",
    })
}

function valuesEntries(installation: Installation | undefined, differences: Differences): readonly TargetEntry[] {
  if (installation === undefined || installation.entries === null) return []
  const { entries } = installation
  const place = installation.place ?? { file: installation.title, line: null, column: null }
  const data = Object.fromEntries(Object.entries(entries).filter((one): one is [string, string] => isText(one[1])))
  for (const [key, value] of Object.entries(entries))
    if (!isText(value))
      differences.missing({
        place,
        was: `keepalived.config: ${key} is not a text`,
        becomes: "no entry",
        todo: 'write it as text, or "" for a VIP without a Service',
      })
  const metadata = { name: "values", namespace: "helm", allowMassRemoval: null }
  return entriesIn(
    { object: { apiVersion: "v1", kind: "ConfigMap", metadata, data }, place, keyPlaces: new Map() },
    differences,
  )
}

function isText(value: unknown): value is string {
  return typeof value === "string"
}

function onceEach(entries: readonly TargetEntry[], differences: Differences): readonly TargetEntry[] {
  const first = new Map<string, TargetEntry>()
  for (const entry of entries) {
    const before = first.get(entry.address)
    if (before === undefined) first.set(entry.address, entry)
    else if (before.text !== entry.text)
      differences.missing({
        place: entry.place,
        was: `${entry.address}: ${entry.text}`,
        becomes: `the entry that comes first: ${before.text}`,
        todo: "choose one of the two",
      })
  }
  return [...first.values()]
}

/** Entries that release 0.35 read in another way. */
function reportHabits(entries: readonly TargetEntry[], differences: Differences): void {
  for (const { address, text, place } of entries) {
    const lines = entryLines(text)
    const word = namedService(lines[0]?.text ?? "")?.word ?? "NAT"
    const said = { place, was: `${address}: ${text}`, todo: "look whether that is meant" }
    if (word !== word.toUpperCase())
      differences.different({ ...said, becomes: "an entry that runs: 0.35 left it out, because of the lower case" })
    else if (lines.length > 1) differences.different({ ...said, becomes: "all its Services: 0.35 read the first line" })
  }
}

function reportAbsence(differences: Differences): void {
  differences.different({
    place: null,
    was: "no DaemonSet and no values of 0.35 in the input",
    becomes: "the defaults of its flags: VRID 50, multicast, all nodes",
    todo: "add its manifest to the input, if one of them was changed",
  })
}

function reportInstallation(installation: Installation, differences: Differences): void {
  const { place, title, isDaemonSet, others, placement } = installation
  const different = (was: string, becomes: string, todo?: string) =>
    differences.different({ place, was, becomes, ...(todo !== undefined && { todo }) })
  if (!isDaemonSet)
    different(`${title} with replicas`, "a DaemonSet: a pod on each selected node", "label the nodes that shall run it")
  for (const field of others) different(field, "nothing: it is about the pods of 0.35", "set it again, if it is needed")
  if (placement.tolerations?.length === 0)
    different("no tolerations", "the same: the base tolerates every taint, and this result none")
  different(
    "a pod on each selected node",
    `a pod on those of them that have the label ${NODE_LABEL}`,
    "label node by node; when all have it, remove the affinity if you like",
  )
  const profile = "the same, by --profile=0.35"
  different("persistence 1800 s for every Service", profile, "later remove it, and set sessionAffinity")
  different(
    "TCP checks from every node",
    `${profile}, beside the readiness of pods`,
    "later remove it, if probes suffice",
  )
  different(
    "NAT without masquerade",
    profile,
    "later --snat=masquerade: replies always return (docs/client-address.md)",
  )
  different("adverts carry every VIP", profile, "follow docs/migrate-0.35.md, node by node; then --layout=anchor")
  different("priority 100 and more", "254 and less")
}
