import type { Moment } from "../../contract/heartbeat.ts"
import type { Cluster } from "../../contract/report/cluster.ts"
import { listed } from "../../kit/text/format.ts"
import { span } from "../../kit/text/span.ts"
import { bad, type Finding, good } from "./finding.ts"

/** Reports of the other nodes, and when this node looks; null if they are unknown. */
export type ClusterAt = { readonly cluster: Cluster; readonly moment: Moment } | null

/**
 * Difference of two clocks from which on they differ, in ms. A renewal is seen some seconds late: sync reads the reports every five
 * seconds, and with many nodes less often.
 */
const MOST_MS = 30_000

/** Whether the clocks of the other nodes agree with this one: each report has the time of its node. @param date In ms. */
export function clockChecks(at: ClusterAt, self: string, date: number): readonly Finding[] {
  const check = "clock"
  const differences = at === null ? [] : differencesOf(at, self, date)
  if (differences.length === 0) return [good(check, "not compared: no other node has reported its time")]
  const apart = differences.filter(({ ms }) => Math.abs(ms) > MOST_MS)
  if (apart.length === 0) return [good(check, `it agrees with ${listed(differences.map(({ name }) => name))}`)]
  const words = apart.map(({ name, ms }) => `${name} is ${span(Math.abs(ms))} ${ms > 0 ? "ahead" : "behind"}`)
  const own = apart.length > 1 && apart.length === differences.length ? "; this node is the one that differs" : ""
  return [
    bad(check, "look", `${listed(words)} of this node's clock${own}`, {
      causes:
        "times in logs, Events and reports do not agree, and certificates can be refused; VRRP and IPVS do not depend on it",
      action: "look at the time service of the node that differs: chronyc tracking, timedatectl",
    }),
  ]
}

function differencesOf({ cluster, moment }: NonNullable<ClusterAt>, self: string, date: number) {
  if (cluster.bootId !== moment.bootId) return []
  return cluster.nodes.flatMap(({ name, report }) => {
    const theirs = Date.parse(report?.renewTime ?? "")
    const renewed = report?.renewed ?? null
    if (name === self || renewed === null || Number.isNaN(theirs)) return []
    return [{ name, ms: theirs - (date - (moment.uptime - renewed) * 1000) }]
  })
}
