import { type Checked, placeText, type Problem } from "../../kit/problem.ts"
import { firstOf } from "../../kit/text/format.ts"
import { vipFault } from "../address/special.ts"
import type { ClusterObjects, ConfigMap, Placed } from "../objects/kinds.ts"
import { isLongForm } from "./is-long-form.ts"
import type { DeclareCode } from "./problem-codes.ts"

/**
 * Finds the ConfigMaps that hold the VIPs, in the given order, and says which are missing.
 *
 * @param names `namespace/name` of each; empty for the only ConfigMap, or the only one of several that has entries.
 */
export function vipConfigMapsOf(
  objects: Pick<ClusterObjects, "configMaps">,
  names: readonly string[],
): Checked<readonly Placed<ConfigMap>[], DeclareCode> {
  const all = [...objects.configMaps.values()]
  if (names.length === 0) return onlyOneOf(all)
  const found = names.map((name) => ({ name, configMap: objects.configMaps.get(name) }))
  return {
    value: found.flatMap(({ configMap }) => configMap ?? []),
    problems: found
      .filter(({ configMap }) => configMap === undefined)
      .map(({ name }) => missing(name, `Cannot find ConfigMap "${name}" with the VIPs: the input has ${seen(all)}`)),
  }
}

function onlyOneOf(all: readonly Placed<ConfigMap>[]): Checked<readonly Placed<ConfigMap>[], DeclareCode> {
  const found = onlyOne(all)
  if (found !== undefined) return { value: [found], problems: [] }
  const why =
    all.length === 0 ? "no ConfigMap; add it, or name it" : `${listed(all)}; name one, or each with a flag of its own,`
  const message = `Cannot tell which ConfigMap holds the VIPs: the input has ${why} with --services-configmap=namespace/name`
  if (all.length === 0) return { value: [], problems: [missing("", message)] }
  const place = all[0]?.place ?? null
  return { value: [], problems: [{ ...missing("", message), code: "CONFIGMAP_AMBIGUOUS", place }] }
}

function missing(name: string, message: string): Problem<DeclareCode> {
  return { code: "CONFIGMAP_MISSING", severity: "error", path: [`ConfigMap ${name}`.trim()], place: null, message }
}

function onlyOne(all: readonly Placed<ConfigMap>[]): Placed<ConfigMap> | undefined {
  if (all.length === 1) return all[0]
  const withEntries = all.filter(({ object }) => Object.entries(object.data).some(isEntry))
  return withEntries.length === 1 ? withEntries[0] : undefined
}

/** Whether a key is an address, or a value has the two fields that each long form has. */
function isEntry([key, text]: readonly [key: string, text: string]): boolean {
  return vipFault(key) === null || (isLongForm(key, text) && /^addresses:/m.test(text) && /^services:/m.test(text))
}

function seen(all: readonly Placed<ConfigMap>[]): string {
  return all.length === 0 ? "no ConfigMap" : `only ${listed(all)}`
}

function listed(all: readonly Placed<ConfigMap>[]): string {
  const names = all.map(
    ({ object: { metadata }, place }) => `"${metadata.namespace}/${metadata.name}" (${placeText(place)})`,
  )
  return firstOf(names, MAXIMUM_SHOWN)
}

/** Maximum ConfigMaps that a message names. */
const MAXIMUM_SHOWN = 5
