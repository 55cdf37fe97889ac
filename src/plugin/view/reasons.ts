import { ofInstance } from "../../contract/vrrp.ts"
import { REPORT_STALE_MS } from "../../contract/report/node-report.ts"
import type { Installation } from "../read/installations.ts"
import { span } from "../../kit/text/span.ts"
import type { Heard } from "./heard.ts"

/** Everything that is not well, or that is not known. */
export function reasonsOf(installation: Installation, heard: readonly Heard[], now: Date): readonly string[] {
  return [
    ...summaryReasons(installation),
    ...leaseReasons(installation, heard),
    ...heard.flatMap((one) => nodeReasons(one, now)),
    ...masterReasons(heard),
    ...writerReasons(installation, now),
  ]
}

function summaryReasons({ summary }: Installation): readonly string[] {
  if (summary === null) return ["The VipReport has no status: no sync has written it yet"]
  const ready = summary.conditions.find(({ type }) => type === "Ready")
  if (ready === undefined) return ["The VipReport does not say whether it is ready"]
  return ready.status === "True" ? [] : [`${ready.reason}: ${ready.message}`]
}

function leaseReasons({ nodes }: Installation, heard: readonly Heard[]): readonly string[] {
  if (nodes.kind === "unknown") return [`The state of the nodes is unknown: ${nodes.why}`]
  return heard.length === 0 ? ["No node has reported"] : []
}

function nodeReasons({ node, report, renewTime, isFresh }: Heard, now: Date): readonly string[] {
  if (!isFresh) {
    const time = Date.parse(renewTime ?? "")
    const silence = Number.isNaN(time) ? "has never reported" : `has been silent for ${span(now.getTime() - time)}`
    return [`Node ${node} ${silence}: its state is unknown`]
  }
  if (report === null) return [`The report of node ${node} cannot be read: it is from another release`]
  if (report.roles === null) return [`Node ${node} does not know its VRRP state yet`]
  const bad = report.roles.filter(({ state }) => state === "fault" || state === "unknown" || state === "init")
  const isMute = report.serves === null && report.roles.some(({ state }) => state === "master")
  return [
    ...bad.map(({ instance, state, reason }) => {
      const why = reason === null ? "" : `: ${reason}`
      return `Node ${node} is ${state.toUpperCase()}${ofInstance(instance, report.roles?.length ?? 1)}${why}`
    }),
    ...(isMute ? [`Node ${node} is master and does not say what it serves: its release is older than this one`] : []),
  ]
}

/** One master of each instance is well. */
function masterReasons(heard: readonly Heard[]): readonly string[] {
  const roles = heard.flatMap(({ node, report, isFresh }) =>
    (report?.roles ?? []).map(({ instance, state }) => ({ node, instance, isMaster: isFresh && state === "master" })),
  )
  const instances = [...new Set(roles.map(({ instance }) => instance))].sort()
  return instances.flatMap((name) => {
    const masters = roles.filter(({ instance, isMaster }) => instance === name && isMaster).map(({ node }) => node)
    const own = ofInstance(name, instances.length)
    if (masters.length === 0) return [`No node that reports is VRRP master${own}: no node is known to hold the VIPs`]
    return masters.length === 1
      ? []
      : [`${masters.join(" and ")} are VRRP master${own} at once: they do not hear each other`]
  })
}

function writerReasons({ writerRenewed }: Installation, now: Date): readonly string[] {
  if (writerRenewed.kind === "unknown") return [`The age of the VipReport is unknown: ${writerRenewed.why}`]
  const time = writerRenewed.value
  if (time === null) return ["No sync writes the VipReport, so it may be old"]
  const silence = now.getTime() - time.getTime()
  return silence < REPORT_STALE_MS ? [] : [`The VipReport may be old: its writer has been silent for ${span(silence)}`]
}
