import type { Problem } from "../../kit/problem.ts"
import { sourceText } from "../declare/declaration.ts"
import { sourceOf } from "../declare/entries.ts"
import type { ConfigMap, Placed } from "../objects/kinds.ts"
import type { ModelCode } from "./problem-codes.ts"
import { sizeOf, type VipModel } from "./keepalived-model.ts"

/** Maximum sizes of one model; `entries` are those of all its ConfigMaps. */
export const LIMITS = { entries: 2_000, vips: 1_000, realServers: 20_000 } as const

/** The problem of too many entries in all ConfigMaps together; null when there are not too many. */
export function entriesProblem(configMaps: readonly Placed<ConfigMap>[]): Problem<ModelCode> | null {
  const count = configMaps.reduce((sum, { object }) => sum + Object.keys(object.data).length, 0)
  if (count <= LIMITS.entries) return null
  return {
    code: "TOO_MANY_VIPS",
    severity: "error",
    ...atAll(configMaps),
    message: `Cannot read ${count} entries: the maximum is ${LIMITS.entries}; what runs is kept`,
  }
}

/** A problem of all ConfigMaps together is shown at the last of them. */
function atAll(configMaps: readonly Placed<ConfigMap>[]): Pick<Problem<ModelCode>, "path" | "place"> {
  const last = configMaps.at(-1)
  return last === undefined ? { path: ["ConfigMap"], place: null } : { path: dataPath(last), place: last.place }
}

/** The path of the entries of a ConfigMap, for problems. */
export function dataPath(configMap: Placed<ConfigMap>): readonly string[] {
  return [sourceText(sourceOf(configMap)), "data"]
}

/** The limits that a model with these VIPs would exceed. */
export function limitProblems(
  configMaps: readonly Placed<ConfigMap>[],
  vips: readonly VipModel[],
): Problem<ModelCode>[] {
  const problem = (code: ModelCode, message: string): Problem<ModelCode> => ({
    code,
    severity: "error",
    ...atAll(configMaps),
    message,
  })
  const problems: Problem<ModelCode>[] = []
  if (vips.length > LIMITS.vips)
    problems.push(
      problem("TOO_MANY_VIPS", `Cannot announce ${vips.length} VIPs: the maximum is ${LIMITS.vips}; what runs is kept`),
    )
  const { realServers } = sizeOf(vips)
  if (realServers > LIMITS.realServers)
    problems.push(
      problem(
        "TOO_MANY_REAL_SERVERS",
        `Cannot forward to ${realServers} real servers: the maximum is ${LIMITS.realServers}; what runs is kept`,
      ),
    )
  return problems
}
