import type { PageData, PageNode } from "../data.ts"
import { type Holder, isCurrent, REPORT_SECONDS, roleIn } from "./holders.ts"
import { counted } from "../../../kit/text/format.ts"
import { agoText, clipped, durationText, secondsSince } from "./words.ts"

/** What a node is in an instance. `silent`: its role is not known now. */
export type Part = "master" | "split" | "backup" | "fault" | "init" | "unknown" | "silent"

/** A node in a VRRP instance, in words: one box of the picture, and one row of the table. */
export interface NodeRow {
  readonly name: string
  readonly isSelf: boolean
  readonly part: Part
  readonly mood: "ok" | "quiet" | "wait" | "bad"
  /** `MASTER`, with the instance if there are several. */
  readonly role: string
  /** Empty if unknown. */
  readonly address: string
  /** `priority 254`. */
  readonly priority: string
  /** Since when it has that role, and why. */
  readonly since: string
  /** `reported 4 s ago`. */
  readonly heard: string
  /** Why the node may not live; empty if nothing says so. */
  readonly doubt: string
  /** `takes over next`; empty if another node does. */
  readonly next: string
  readonly vips: string
  /** First 12 hex digits of the generation in effect. */
  readonly generation: string
  /** Whether that differs from the generation of most nodes. */
  readonly differs: boolean
  readonly troubles: readonly string[]
}

const WORDS: Readonly<Record<Part, string>> = {
  ...{ master: "MASTER", split: "MASTER, one of several", backup: "BACKUP", fault: "FAULT", init: "INIT" },
  ...{ unknown: "UNKNOWN", silent: "SILENT" },
}
const MOODS: Readonly<Record<Part, NodeRow["mood"]>> = {
  ...{ master: "ok", split: "bad", backup: "quiet", fault: "bad", init: "wait" },
  ...{ unknown: "wait", silent: "wait" },
}
const LONGEST_REASON = 120

/** The nodes of one instance: the holders first, then by priority. */
export function nodeRowsOf(data: PageData, holder: Holder, hasSeveral: boolean): readonly NodeRow[] {
  const usual = usualGeneration(data.nodes.list)
  return data.nodes.list
    .map((node) => rowOf(node, { data, holder, hasSeveral, usual }))
    .toSorted((a, b) => rank(a.part) - rank(b.part))
}

/** Nodes that need attention come before nodes that do not; the order is otherwise kept. */
function rank(part: Part): number {
  return part === "master" || part === "split" ? 0 : part === "silent" ? 2 : 1
}

interface Around {
  readonly data: PageData
  readonly holder: Holder
  readonly hasSeveral: boolean
  readonly usual: string | null
}

function rowOf(node: PageNode, { data, holder, hasSeveral, usual }: Around): NodeRow {
  const part = partOf(node, holder)
  const role = roleIn(node, holder.instance)
  const seconds = secondsSince(role?.since ?? null, data.now)
  const reason = role?.reason === null || role === null ? "" : `: ${clipped(role.reason, LONGEST_REASON)}`
  const current = isCurrent(node)
  const said = role === null ? "no role reported" : `was ${role.state.toUpperCase()} in its last report`
  return {
    ...{ name: node.name, isSelf: node.isSelf, part, mood: MOODS[part] },
    role: `${WORDS[part]}${node.drained === null ? "" : ", drained"}${hasSeveral ? ` of ${holder.instance}` : ""}`,
    address: node.address ?? "",
    priority: node.priority === null ? "priority unknown" : `priority ${node.priority}`,
    since: current ? `${seconds === null ? "" : `for ${durationText(seconds)}`}${reason}` : said,
    heard: heardText(node),
    doubt: doubtText(node),
    next: holder.next === node ? (holder.masters.length === 0 ? "should take over" : "takes over next") : "",
    vips: node.vips === null ? "" : counted(node.vips, "VIP"),
    generation: node.generation ?? "",
    differs: node.generation !== null && node.generation !== usual,
    troubles: node.troubles.map((trouble) => clipped(trouble, 2 * LONGEST_REASON)),
  }
}

function partOf(node: PageNode, { instance, isSplit }: Holder): Part {
  const role = roleIn(node, instance)
  if (role === null || !isCurrent(node)) return "silent"
  return role.state === "master" && isSplit ? "split" : role.state
}

function heardText({ isSelf, heard }: PageNode): string {
  if (isSelf) return "this node"
  if (heard.kind === "unknown") return heard.why
  return `${heard.seconds > REPORT_SECONDS ? "last report" : "reported"} ${agoText(heard)}`
}

function doubtText({ answers, ready }: PageNode): string {
  return [...(answers === false ? ["it does not answer"] : []), ...(ready === false ? ["not Ready"] : [])].join("; ")
}

/** The generation that most nodes have in effect; of two as frequent, that of the first node. */
function usualGeneration(nodes: readonly PageNode[]): string | null {
  const counts = new Map<string, number>()
  for (const { generation } of nodes) if (generation !== null) counts.set(generation, (counts.get(generation) ?? 0) + 1)
  const [most] = [...counts].toSorted(([, a], [, b]) => b - a)
  return most?.[0] ?? null
}
