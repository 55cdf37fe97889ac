import {
  drainedOf,
  LONGEST_NAME,
  MOST_NAMES,
  MOST_ROLES,
  MOST_SERVED_TEXT,
  MOST_TROUBLES,
  type NodeReport,
  type NodeRole,
  roleOf,
  servedOf,
  type ServedVip,
  trouble,
} from "../../contract/report/node-report.ts"
import type { StatusVip } from "../../contract/status.ts"
import { problemText } from "../../kit/problem.ts"
import { visible } from "../../kit/text/escape-hidden.ts"
import { reasonOf } from "./event-reason.ts"
import { isAlive, isApplied, type NodeView, troublesOf } from "./node-troubles.ts"

/**
 * Pure: equal views give equal reports. A change of endpoints does not change the report: whether a node is up to date depends
 * on the ConfigMap, not on the newest generation. The report has no current times.
 */
export function nodeReportOf(view: NodeView): NodeReport {
  const { configMap, firstConfigMap, held, said, origins } = view
  const status = said?.status ?? null
  const drained = status?.drained ?? null
  const unserved = status?.vips.filter((vip) => vip.inEffect && vip.unserved > 0) ?? []
  const troubles = [
    ...held.map((problem) => trouble(reasonOf(problem.code), problemText(problem), problem.path[0])),
    ...troublesOf(view),
  ]
  const shown = troubles.slice(0, MOST_TROUBLES)
  return {
    configMap,
    state: troubles.length > 0 ? "wrong" : isApplied(view) ? "applied" : "pending",
    generation: origins.get(status?.appliedGeneration ?? 0)?.contentSha256.slice(0, 12) ?? null,
    vips: status?.vips.filter(({ inEffect }) => inEffect).length ?? 0,
    readyPods: status?.vips.reduce((sum, vip) => sum + (vip.inEffect ? vip.readyPods : 0), 0) ?? 0,
    unserved: unserved.length,
    unservedNames: namesOf(unserved),
    roles: rolesOf(view),
    ...servesOf(view),
    drained: drained === null ? null : drainedOf(drained),
    troubles: shown.map((one) => (one.about === firstConfigMap ? trouble(one.reason, one.note) : one)),
    more: troubles.length - shown.length,
  }
}

/** The entries of VIPs, each once: an entry may have several. */
function namesOf(vips: readonly StatusVip[]): readonly string[] {
  return [...new Set(vips.map(({ entry }) => entry))]
    .slice(0, MOST_NAMES)
    .map((one) => visible(one).slice(0, LONGEST_NAME))
}

/** A backup forwards nothing, so the size of all reports together does not grow with the number of nodes. */
function servesOf({ said }: NodeView): Pick<NodeReport, "serves" | "servesMore"> {
  const isMaster = said?.status.vrrp.some(({ state }) => state === "master") === true
  if (said === null || !isMaster || !isAlive(said)) return { serves: null, servesMore: 0 }
  const { vips } = said.status
  const serves: ServedVip[] = []
  let room = MOST_SERVED_TEXT
  for (const vip of vips) {
    const { virtualServers, realServers, readyPods, drainingPods, unreachablePods, unserved } = vip
    const counts = { virtualServers, realServers, readyPods, drainingPods, unreachablePods, unserved }
    const { state, services, problem } = vip
    const served = servedOf({
      ...{ vip: vip.vip, state, services, moreServices: 0, ...counts },
      problem: problem?.code ?? null,
    })
    room -= JSON.stringify(served).length
    if (room < 0) break
    serves.push(served)
  }
  return { serves, servesMore: vips.length - serves.length }
}

/** The node's part in each VRRP instance; it is unknown if the agent is dead. */
function rolesOf({ said }: NodeView): readonly NodeRole[] | null {
  if (said === null) return null
  const unknown = isAlive(said) ? {} : ({ state: "unknown", since: null, reason: "the agent is silent" } as const)
  return said.status.vrrp.slice(0, MOST_ROLES).map((one) => roleOf({ ...one, ...unknown }))
}
