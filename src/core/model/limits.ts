import type { Problem } from "../../kit/problem.ts"
import type { ConfigMap, Placed } from "../objects/kinds.ts"
import type { ModelCode } from "./problem-codes.ts"
import { sizeOf, type VipModel } from "./keepalived-model.ts"

/** Maximum sizes of one model; `entries` are those of its ConfigMap. */
export const LIMITS = { entries: 2_000, vips: 1_000, realServers: 20_000 } as const

/** The problem of a ConfigMap with too many entries. */
export function tooManyEntries({ object, place }: Placed<ConfigMap>): Problem<ModelCode> {
  const count = Object.keys(object.data).length
  return {
    code: "TOO_MANY_VIPS",
    severity: "error",
    path: ["data"],
    place,
    message: `Cannot read ${count} entries: the maximum is ${LIMITS.entries}; what runs is kept`,
  }
}

/** The limits that a model with these VIPs would exceed. */
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
      problem("TOO_MANY_VIPS", `Cannot announce ${vips.length} VIPs: the maximum is ${LIMITS.vips}; what runs is kept`),
    )
  const { realServers } = sizeOf({ vips })
  if (realServers > LIMITS.realServers)
    problems.push(
      problem(
        "TOO_MANY_REAL_SERVERS",
        `Cannot forward to ${realServers} real servers: the maximum is ${LIMITS.realServers}; what runs is kept`,
      ),
    )
  return problems
}
