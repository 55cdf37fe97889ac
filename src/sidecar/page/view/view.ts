import { findingsFor } from "../../../contract/well.ts"
import type { PageData } from "../data.ts"
import { type Headline, headlineOf } from "./headline.ts"
import { holdersOf } from "./holders.ts"
import { type NodeRow, nodeRowsOf } from "./nodes.ts"
import { type Picture, pictureOf } from "./picture.ts"
import { DOCUMENTS, type ProblemRow, problemsOf } from "./problems.ts"
import { sliceOf, type Slice, type VipRow, vipRowsOf } from "./vips.ts"
import { type Timeline, timelineOf } from "./timeline.ts"
import { agoText, clipped, dateText, durationText } from "./words.ts"

/** The whole page in words; the HTML and the text show the same. */
export interface View {
  readonly node: string
  readonly head: Headline
  /** What is not well on this node. */
  readonly findings: readonly string[]
  /** When the page was made, and how old what it shows is. */
  readonly ages: readonly Fact[]
  readonly pictures: readonly Picture[]
  readonly instances: readonly {
    readonly name: string
    readonly hasName: boolean
    readonly nodes: Slice<NodeRow>
    readonly more: number
  }[]
  readonly vips: Slice<VipRow>
  readonly problems: Slice<ProblemRow>
  readonly timeline: Timeline
  readonly facts: readonly Fact[]
  readonly documents: string
}

export interface Fact {
  readonly name: string
  readonly text: string
  /** Whether the value is unknown or old. */
  readonly isBad: boolean
}

/** What part of the long lists to show. */
export interface Window {
  /** Position of the first VIP, from 0. */
  readonly from: number
  /** Maximum rows of each list. */
  readonly most: number
}

const LONGEST_FINDING = 300

export function viewOf(data: PageData, { from, most }: Window): View {
  const { status, sync, agent } = data
  const holders = holdersOf(data)
  const findings = findingsFor("status", { status, agent, sync })
  const hasSeveral = holders.length > 1
  return {
    node: status.node,
    head: headlineOf(data, holders, findings),
    findings: findings.slice(0, most).map(({ text }) => clipped(text, LONGEST_FINDING)),
    ages: agesOf(data),
    pictures: holders.map((holder, at) => pictureOf(data, holder, { at, hasSeveral })),
    instances: holders.map((holder) => {
      const nodes = sliceOf(nodeRowsOf(data, holder, hasSeveral), { from: 0, most }, (row) => row)
      return { name: holder.instance, hasName: hasSeveral, nodes, more: nodes.total - nodes.rows.length }
    }),
    vips: vipRowsOf(data, { from, most }),
    problems: sliceOf(problemsOf(data), { from: 0, most }, (row) => row),
    timeline: timelineOf(data, holders, most),
    facts: factsOf(data),
    documents: DOCUMENTS,
  }
}

function agesOf({ now, agent, sync, nodes }: PageData): readonly Fact[] {
  const age = (name: string, one: typeof agent.silence) => ({ name, text: agoText(one), isBad: one.kind === "unknown" })
  return [
    { name: "This page", text: `${dateText(now)} UTC`, isBad: false },
    age("keepalived checked", agent.lookAge),
    age("sync lives", sync.silence),
    age("Source read", sync.sourceAge),
    age("Other nodes' reports read", nodes.age),
  ]
}

function factsOf({ status, sync, generation, version, instances }: PageData): readonly Fact[] {
  const { observedGeneration, appliedGeneration, appliedSha256, keepalivedVersion, pinned, drained = null } = status
  const fact = (name: string, text: string | null) => ({ name, text: text ?? "unknown", isBad: text === null })
  const { published } = sync
  return [
    fact("Node", status.node),
    fact("Generation in effect", appliedGeneration === null ? null : `${appliedGeneration}${hashOf(generation)}`),
    fact("Generation read", observedGeneration === null ? null : String(observedGeneration)),
    fact("Generation published", published === null ? null : String(published)),
    ...(pinned === null ? [] : [fact("Pinned to", pinned)]),
    ...(drained === null
      ? []
      : [fact("Drained", `since ${drained.since}: ${clipped(drained.reason, LONGEST_FINDING)}`)]),
    fact(
      "Last pass",
      `${status.outcome}${status.reason === null ? "" : `: ${clipped(status.reason, LONGEST_FINDING)}`}`,
    ),
    fact("keepalived.conf", appliedSha256 === null ? null : `sha256 ${appliedSha256.slice(0, 12)}`),
    fact("keepalived", `${keepalivedVersion ?? "version unknown"}, ${status.keepalived}`),
    fact("Kernel", KERNEL[status.drift]),
    fact("Source", sync.status === null ? null : `${clipped(sync.status.source, 200)}: ${sync.status.state}`),
    ...instances.map((one) =>
      fact(`Advert interval${instances.length > 1 ? ` of ${one.name}` : ""}`, durationOf(one.advertInterval)),
    ),
    fact("kube-keepalived-vip", version),
  ]
}

const KERNEL: Readonly<Record<PageData["status"]["drift"], string | null>> = {
  none: "as the configuration in effect says",
  found: "differs from the configuration in effect",
  repaired: "differed, was repaired, and was not compared since",
  unknown: null,
}

/** `, 0123456789ab`: the end of a generation's name is the start of its content's checksum. */
function hashOf(generation: string | null): string {
  return generation === null ? "" : `, ${generation.slice(-12)}`
}

function durationOf(seconds: number): string {
  return Number.isInteger(seconds) ? durationText(seconds) : `${seconds} s`
}
