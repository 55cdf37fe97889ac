import { compare } from "../../kit/problem.ts"
import { counted, firstOf } from "../../kit/text/format.ts"
import { type InstanceMasters, type Masters, mastersOf, mastersTrouble } from "./masters.ts"
import type { NodeReport } from "../../contract/report/node-report.ts"
import type { Condition, Summary } from "../../contract/report/vip-report.ts"

export interface SummaryInput {
  readonly configMap: string | null
  readonly nodes: ReadonlyMap<string, { readonly ready: boolean }>
  /** By the node's name. */
  readonly reports: ReadonlyMap<string, NodeReport>
  /** Whether to wait for silent nodes: after a common start, their first report may not have arrived yet. */
  readonly patient: boolean
  /** Time for which the number of masters of an instance has not been one, in ms, by its name. */
  readonly oddMastersMs?: ReadonlyMap<string, number>
}

const MOST_TROUBLES = 10
const MOST_MASTERS = 10
const MOST_INSTANCES = 10
const LONGEST_MESSAGE = 1000
/** Maximum nodes that a text names. */
const FEW = 3

/**
 * Sums up the nodes' reports. It does not wait for a node that is not Ready; a report about an older ConfigMap counts as
 * "not yet".
 *
 * Pure: equal input gives equal output, so an unchanged report is never written again.
 */
export function summarise({ configMap, nodes, reports, patient, oddMastersMs = new Map() }: SummaryInput): Summary {
  const { living: alive, masters } = rolesIn({ nodes, reports })
  const living = alive.map((one) => ({ ...one, current: one.report.configMap === configMap }))
  const applied = living.filter(({ report, current }) => current && report.state === "applied")
  const wrong = living.filter(({ report, current }) => report.state === "wrong" && current)
  const silent = [...nodes].filter(([node, { ready }]) => ready && !reports.has(node)).map(([node]) => node)
  const slow = living.filter((one) => !applied.includes(one) && !wrong.includes(one)).map(({ node }) => node)
  const waiting = patient ? [...slow, ...silent].sort(compare) : slow
  const troubles = [...masterTroubles(masters, oddMastersMs), ...troublesOf(wrong)]
  const count = `${applied.length} of ${living.length + (patient ? silent.length : 0)} nodes`
  const drained = living.filter(({ report }) => (report.drained ?? null) !== null).map(({ node }) => node)
  const verdict = verdictOf({ troubles, waiting, count, drained, living: living.length, configMap })
  return {
    conditions: [...conditionsOf(verdict), servingOf(living.map(({ report }) => report))],
    configMap,
    vips: Math.max(0, ...living.map(({ report }) => report.vips)),
    ...mastersIn(masters),
    readyPods: Math.max(0, ...living.map(({ report }) => report.readyPods)),
    unserved: Math.max(0, ...living.map(({ report }) => report.unserved)),
    nodes: {
      applied: applied.length,
      reporting: living.length,
      notReady: [...nodes.values()].filter(({ ready }) => !ready).length,
      silent: silent.length,
    },
    generations: generationsOf(living),
    troubles: troubles.slice(0, MOST_TROUBLES),
  }
}

/** The masters according to the Ready nodes; the last report of a node that is gone does not count. */
export function rolesIn({ nodes, reports }: Pick<SummaryInput, "nodes" | "reports">): {
  readonly living: readonly Living[]
  readonly masters: Masters
} {
  const all = [...reports].sort(([a], [b]) => compare(a, b)).map(([node, report]) => ({ node, report }))
  const living = all.filter(({ node }) => nodes.get(node)?.ready === true)
  return { living, masters: mastersOf({ living, gone: all.filter((one) => !living.includes(one)) }) }
}

function mastersIn({ instances }: Masters): Pick<Summary, "instances" | "masters" | "master"> {
  const shown = instances.filter(({ name }) => name !== "").slice(0, MOST_INSTANCES)
  const all = [...new Set(instances.flatMap(({ names }) => names))].sort(compare)
  const texts = shown.map(({ name, names }) => {
    const text = names.slice(0, MOST_MASTERS).join(" ")
    return instances.length === 1 ? text : `${name}: ${text === "" ? "none" : text}`
  })
  return {
    instances: shown.map(({ name, names }) => ({ name, masters: names.slice(0, MOST_MASTERS) })),
    masters: all.slice(0, MOST_MASTERS),
    master: texts.join(", "),
  }
}

function masterTroubles(masters: Masters, oddMs: ReadonlyMap<string, number>): Summary["troubles"] {
  const nodesOf = ({ names }: InstanceMasters) => (names.length === 0 ? "all nodes" : firstOf(names, FEW))
  return masters.instances.flatMap((one) => {
    const trouble = mastersTrouble(masters, one, oddMs.get(one.name) ?? 0)
    return trouble === null ? [] : [{ ...trouble, nodes: nodesOf(one) }]
  })
}

/** Whether all nodes have the newest ConfigMap in effect. */
export function isReady({ conditions }: Summary): boolean {
  return conditions.some(({ type, status }) => type === "Ready" && status === "True")
}

interface Living {
  readonly node: string
  readonly report: NodeReport
}

/** Each trouble once, with its nodes; the most widespread first. */
function troublesOf(wrong: readonly Living[]): Summary["troubles"] {
  const all = wrong.flatMap(({ node, report }) => report.troubles.map((trouble) => ({ node, trouble })))
  const found = Map.groupBy(all, ({ trouble: { reason, note, about = "" } }) => `${reason} ${note} ${about}`)
  return [...found.values()]
    .sort((a, b) => b.length - a.length)
    .flatMap((alike) => {
      const nodes = firstOf(
        alike.map(({ node }) => node),
        FEW,
      )
      return alike.slice(0, 1).map(({ trouble }) => ({ ...trouble, nodes }))
    })
}

/** The most widespread first. */
function generationsOf(living: readonly Living[]): Summary["generations"] {
  return [...Map.groupBy(living, ({ report }) => report.generation ?? "none")]
    .sort(([a, one], [b, other]) => other.length - one.length || compare(a, b))
    .map(([generation, all]) => ({ generation, count: all.length, nodes: all.map(({ node }) => node).join(" ") }))
}

interface Verdict {
  readonly kind: "ready" | "reconciling" | "stalled"
  readonly reason: string
  readonly message: string
}

interface Findings {
  readonly troubles: Summary["troubles"]
  readonly waiting: readonly string[]
  readonly count: string
  /** The nodes that a user keeps from holding VIPs. */
  readonly drained: readonly string[]
  readonly living: number
  readonly configMap: string | null
}

function verdictOf({ troubles, waiting, count, drained, living, configMap }: Findings): Verdict {
  const [first, ...others] = troubles
  if (first !== undefined) {
    const more = others.length === 0 ? "" : `; and ${others.length} more, see status.troubles`
    return { kind: "stalled", reason: first.reason, message: bounded(`${first.note} on ${first.nodes}${more}`) }
  }
  if (living === 0) return { kind: "reconciling", reason: "NoNode", message: "No node that is ready has reported yet" }
  const what = configMap === null ? "a ConfigMap" : `version ${configMap} of the ConfigMap`
  if (waiting.length > 0) {
    return {
      kind: "reconciling",
      reason: "Applying",
      message: bounded(`${count} have ${what} in effect; not yet: ${firstOf(waiting, FEW)}`),
    }
  }
  const kept = drained.length === 0 ? "" : `; drained: ${firstOf(drained, FEW)}`
  return { kind: "ready", reason: "Applied", message: bounded(`${count} have ${what} in effect${kept}`) }
}

function conditionsOf({ kind, reason, message }: Verdict): readonly Condition[] {
  const ready = { ready: "True", reconciling: "Unknown", stalled: "False" } as const
  const is = (yes: boolean) => (yes ? "True" : "False")
  return [
    { type: "Ready", status: ready[kind], reason, message },
    { type: "Reconciling", status: is(kind === "reconciling"), reason, message },
    { type: "Stalled", status: is(kind === "stalled"), reason, message },
  ]
}

/** Whether every port of every VIP in effect has a ready pod; unknown if no node reports a VIP in effect. */
function servingOf(reports: readonly NodeReport[]): Condition {
  const [worst] = [...reports].sort((a, b) => b.unserved - a.unserved)
  const vips = Math.max(0, ...reports.map((report) => report.vips))
  if (worst === undefined || vips === 0)
    return { type: "Serving", status: "Unknown", reason: "NoVIP", message: "No VIP is known to be in effect" }
  const { unserved, unservedNames } = worst
  if (unserved === 0)
    return { type: "Serving", status: "True", reason: "ReadyPods", message: "Every port of every VIP has a ready pod" }
  const message = `No pod is ready for a port of ${counted(unserved, "VIP")}: ${firstOf(unservedNames, FEW, unserved)}`
  return { type: "Serving", status: "False", reason: "NoReadyPod", message: bounded(message) }
}

function bounded(text: string): string {
  return text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE - 3)}...` : text
}
