import { type Checked, placeText, type Problem } from "../kit/problem.ts"
import { vipFault } from "./address/special.ts"
import type { ModelCode } from "./model/problem-codes.ts"
import type { ClusterObjects, ConfigMap, Placed } from "./objects/kinds.ts"

/**
 * Finds the ConfigMap that holds the VIPs.
 *
 * @param name `namespace/name`; null for the only ConfigMap, or the only one of several whose keys are addresses.
 */
export function vipConfigMapOf(
  objects: ClusterObjects,
  name: string | null,
): Checked<Placed<ConfigMap> | null, ModelCode> {
  const all = [...objects.configMaps.values()]
  const found = name === null ? onlyOne(all) : objects.configMaps.get(name)
  if (found !== undefined) return { value: found, problems: [] }
  const problem = { severity: "error", path: [`ConfigMap ${name ?? ""}`.trim()], place: null } as const
  if (name !== null || all.length === 0) {
    const message =
      name === null
        ? "Cannot tell which ConfigMap holds the VIPs: the input has no ConfigMap; add it, or name it with --services-configmap=namespace/name"
        : `Cannot find ConfigMap "${name}" with the VIPs: the input has ${seen(all)}`
    return { value: null, problems: [{ ...problem, code: "CONFIGMAP_MISSING", message }] }
  }
  const message = `Cannot tell which ConfigMap holds the VIPs: the input has ${listed(all)}; name it with --services-configmap=namespace/name`
  const place = all[0]?.place ?? null
  const ambiguous: Problem<ModelCode> = { ...problem, code: "CONFIGMAP_AMBIGUOUS", place, message }
  return { value: null, problems: [ambiguous] }
}

function onlyOne(all: readonly Placed<ConfigMap>[]): Placed<ConfigMap> | undefined {
  if (all.length === 1) return all[0]
  const withAddresses = all.filter(({ object }) => Object.keys(object.data).some((key) => vipFault(key) === null))
  return withAddresses.length === 1 ? withAddresses[0] : undefined
}

function seen(all: readonly Placed<ConfigMap>[]): string {
  return all.length === 0 ? "no ConfigMap" : `only ${listed(all)}`
}

function listed(all: readonly Placed<ConfigMap>[]): string {
  const shown = all.slice(0, MAXIMUM_SHOWN).map(({ object, place }) => `"${nameOf(object)}" (${placeText(place)})`)
  return all.length > shown.length ? `${shown.join(", ")} and ${all.length - shown.length} more` : shown.join(", ")
}

/** Maximum ConfigMaps that a message names. */
const MAXIMUM_SHOWN = 5

function nameOf({ metadata }: ConfigMap): string {
  return `${metadata.namespace}/${metadata.name}`
}
