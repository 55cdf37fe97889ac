import type { Colours } from "../../terminal/screen.ts"
import { table } from "../../kit/text/format.ts"
import { span } from "../../kit/text/span.ts"
import type { ClusterState, InstallationState, NodeState, VipState } from "./state.ts"

interface Look {
  readonly colours: Colours
  /** With the columns that few people need. */
  readonly wide: boolean
}

/** The state for people: for each installation a verdict, its VIPs, its nodes, its problems. */
export function statusText(state: ClusterState, look: Look): string {
  if (state.installations.length === 0) return "No VipReport: is the product installed in this namespace?\n"
  const now = Date.parse(state.time)
  return state.installations.map((one) => installationText(one, { ...look, now })).join("\n")
}

interface Page extends Look {
  readonly now: number
}

function installationText(one: InstallationState, page: Page): string {
  const { colours } = page
  const verdict = one.healthy ? colours.green("healthy") : colours.red("not healthy")
  const troubles = one.troubles.map(({ reason, note, nodes }) => `  ${colours.red(reason)} on ${nodes}: ${note}`)
  const sections = [
    [`${colours.bold(`${one.namespace}/${one.name}`)}: ${verdict}`, ...one.reasons.map((reason) => `  ${reason}`)],
    vipLines(one, page),
    nodeLines(one.nodes, page),
    troubles.length === 0 ? [] : [colours.bold("Problems"), ...troubles],
  ]
  const shown = sections.filter((lines) => lines.length > 0).map((lines) => `${lines.join("\n")}\n`)
  return shown.join("\n")
}

function vipLines({ vips, moreVips }: InstallationState, page: Page): readonly string[] {
  if (vips.length === 0) return ["The VIPs are unknown: no node that reports says that it holds them"]
  const head = ["VIP", "STATE", "HOLDER", "SINCE", "VERIFIED", "READY", "DRAINING", "UNREACHABLE"]
  const wide = page.wide ? ["VIRTUAL SERVERS", "REAL SERVERS", "PROBLEM"] : []
  const [title = "", ...rows] = table([[...head, ...wide, "SERVICES"], ...vips.map((vip) => vipCells(vip, page))])
  const shown = rows.map((row, at) => (vips[at]?.state === "applied" ? row : page.colours.yellow(row)))
  const more = `and ${moreVips} more, for which the report has no room: run "kkv status" on the holder`
  return [page.colours.bold(title), ...shown, ...(moreVips === 0 ? [] : [more])]
}

function vipCells(vip: VipState, { wide, now }: Page): readonly string[] {
  const pods = vip.state !== "unknown" && vip.services.length > 0
  const count = (number: number) => (pods ? String(number) : "-")
  const more = vip.moreServices === 0 ? "" : ` and ${vip.moreServices} more`
  return [
    vip.vip,
    vip.state,
    vip.holders.join(", ") || "unknown",
    sinceText(vip.since, now),
    vip.verified === null ? "unknown" : vip.verified ? "yes" : "no",
    ...[count(vip.readyPods), count(vip.drainingPods), count(vip.unreachablePods)],
    ...(wide ? [String(vip.virtualServers), String(vip.realServers), vip.problem ?? "-"] : []),
    `${vip.services.join(", ")}${more}` || "-",
  ]
}

function nodeLines(nodes: readonly NodeState[], page: Page): readonly string[] {
  if (nodes.length === 0) return []
  const head = ["NODE", "ROLE", "SINCE", "STATE", "VIPS", "REPORTED"]
  const [title = "", ...rows] = table([
    [...head, ...(page.wide ? ["GENERATION", "WHY"] : [])],
    ...nodes.map((node) => nodeCells(node, page)),
  ])
  const shown = rows.map((row, at) => colouredNode(row, nodes[at], page.colours))
  const drained = nodes.flatMap(({ node, drained: one }) =>
    one === null
      ? []
      : [`${node} is drained since ${one.since}: ${one.reason} ("kubectl kkv resume ${node}" ends that)`],
  )
  return [page.colours.bold(title), ...shown, ...drained]
}

function nodeCells(node: NodeState, { wide, now }: Page): readonly string[] {
  return [
    node.node,
    `${node.role.toUpperCase()}${node.drained === null ? "" : ", drained"}`,
    sinceText(node.since, now),
    node.state ?? "unknown",
    node.vips === null ? "unknown" : String(node.vips),
    node.reported === null ? "never" : `${span(now - Date.parse(node.reported))} ago`,
    ...(wide ? [node.generation ?? "-", node.reason ?? "-"] : []),
  ]
}

function colouredNode(row: string, node: NodeState | undefined, colours: Colours): string {
  if (node === undefined || node.role === "silent" || node.role === "fault") return colours.red(row)
  return node.state === "applied" ? row : colours.yellow(row)
}

function sinceText(since: string | null, now: number): string {
  return since === null ? "unknown" : span(now - Date.parse(since))
}
