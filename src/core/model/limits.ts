import type { Problem } from "../../kit/problem.ts"
import type { ConfigMap, Placed } from "../objects/kinds.ts"
import type { ModelCode } from "./codes.ts"
import { sizeOf, type VipModel } from "./keepalived-model.ts"

/** What one model may have of each at the most. */
export const LIMITS = { entries: 2_000, vips: 1_000, realServers: 20_000 } as const

/** What is wrong with a ConfigMap of more entries than are looked at. */
export function tooManyEntries({ object, place }: Placed<ConfigMap>): Problem<ModelCode> {
  const count = Object.keys(object.data).length
  return {
    code: "TOO_MANY_VIPS",
    severity: "error",
    path: ["data"],
    place,
    message: `Cannot read ${count} entries: at most ${LIMITS.entries} are looked at; what runs is kept`,
  }
}

/** Of what a model with these VIPs would have too many. */
export function limitProblems({ place }: Placed<ConfigMap>, vips: readonly VipModel[]): Problem<ModelCode>[] {
  const problem = (code: ModelCode, message: string): Problem<ModelCode> => ({
    code,
    severity: "error",
    path: ["data"],
    place,
    message,
  })
  const problems: Problem<ModelCode>[] = []
  if (vips.length > LIMITS.vips)
    problems.push(
      problem(
        "TOO_MANY_VIPS",
        `Cannot announce ${vips.length} VIPs: at most ${LIMITS.vips} are possible; what runs is kept`,
      ),
    )
  const { realServers } = sizeOf({ vips })
  if (realServers > LIMITS.realServers)
    problems.push(
      problem(
        "TOO_MANY_REAL_SERVERS",
        `Cannot forward to ${realServers} real servers: at most ${LIMITS.realServers} are possible; what runs is kept`,
      ),
    )
  return problems
}
