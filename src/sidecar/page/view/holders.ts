import { REPORT_STALE_MS } from "../../../contract/report/node-report.ts"
import type { PageData, PageNode } from "../data.ts"
import { secondsSince } from "./words.ts"

/** Who holds the VIPs of a VRRP instance, as far as this node knows. */
export interface Holder {
  readonly instance: string
  /** The nodes that say that they are master, by priority; exactly one if all is well. */
  readonly masters: readonly PageNode[]
  /** Why the masters are not known; null if they are. */
  readonly unknown: string | null
  /** Seconds for which all masters have been master; null if unknown. */
  readonly heldSeconds: number | null
  /** Several masters, for longer than a handover takes. */
  readonly isSplit: boolean
  /** The node that takes over if the master fails; null if none can. */
  readonly next: PageNode | null
}

/** Age above which a report does not count any more, in seconds. */
export const REPORT_SECONDS = REPORT_STALE_MS / 1_000
/** Time for which two masters may be a handover whose reports are still on their way, in seconds. */
const HANDOVER_SECONDS = 15

/** One for each VRRP instance that this node runs or another one reports, in the order of keepalived.conf. */
export function holdersOf(data: PageData): readonly Holder[] {
  const reported = data.nodes.list.flatMap(({ roles }) => (roles ?? []).map(({ instance }) => instance))
  const names = [...data.instances.map(({ name }) => name), ...reported]
  return [...new Set(names)].map((instance) => holderOf(instance, data))
}

function holderOf(instance: string, data: PageData): Holder {
  const current = data.nodes.list.filter(isCurrent)
  const masters = current.filter((node) => stateIn(node, instance) === "master")
  const held = masters.map((node) => secondsSince(roleIn(node, instance)?.since ?? null, data.now))
  const heldSeconds = held.length === 0 || held.includes(null) ? null : Math.min(...held.map((one) => one ?? 0))
  const able = current.filter((node) => stateIn(node, instance) === "backup" && node.answers !== false)
  return {
    ...{ instance, masters, heldSeconds },
    unknown: masters.length > 0 ? null : whyUnknown(data),
    isSplit: masters.length > 1 && (heldSeconds === null || heldSeconds > HANDOVER_SECONDS),
    next:
      able.find(({ priority, drained }) => priority !== null && drained === null) ??
      able.find(({ priority }) => priority !== null) ??
      null,
  }
}

/** Without a master among the known nodes: why there may be one that this node does not know; null if all nodes report. */
function whyUnknown({ nodes }: PageData): string | null {
  if (nodes.age.kind === "unknown") return nodes.age.why
  if (nodes.age.seconds > REPORT_SECONDS) return "the last reports of the other nodes are old"
  const expected = nodes.list.filter(({ ready }) => ready !== false)
  if (expected.some(({ heard }) => heard.kind === "unknown")) return "not all nodes report"
  const old = expected.find((node) => !isCurrent(node))
  if (old === undefined) return null
  return old.roles === null ? `${old.name} does not report its role` : `the report of ${old.name} is old`
}

/** Whether the node reports, so that its role counts. */
export function isCurrent({ heard, roles }: Pick<PageNode, "heard" | "roles">): boolean {
  return roles !== null && heard.kind === "age" && heard.seconds <= REPORT_SECONDS
}

/** The part of a node in an instance, as it last reported. */
export function roleIn({ roles }: PageNode, instance: string) {
  return roles?.find((role) => role.instance === instance) ?? null
}

function stateIn(node: PageNode, instance: string) {
  return roleIn(node, instance)?.state ?? null
}
