import type { Finding } from "../../../contract/well.ts"
import type { PageData } from "../data.ts"
import { type Holder, isCurrent } from "./holders.ts"
import { counted, listed } from "../../../kit/text/format.ts"
import { durationText, MOST_NAMES } from "./words.ts"

/** `unknown`: nothing is known to be wrong, and not everything is known; it never counts as well. */
export type Verdict = "well" | "not-well" | "unknown"

export interface Headline {
  readonly verdict: Verdict
  /** The verdict, as people read it. */
  readonly word: string
  /** What is so, in a few sentences: `4 VIPs answer. n1 has held them for 3 d 4 h. 1 entry is broken.` */
  readonly text: string
}

const WORDS: Readonly<Record<Verdict, string>> = { well: "Well", "not-well": "Not well", unknown: "Unknown" }

/** @param findings What is not well on this node. */
export function headlineOf(data: PageData, holders: readonly Holder[], findings: readonly Finding[]): Headline {
  const verdict = verdictOf(holders, findings)
  const sentences = [...vipSentences(data, holders, findings), ...entrySentences(data), ...otherSentences(findings)]
  return { verdict, word: WORDS[verdict], text: sentences.join(" ") }
}

function verdictOf(holders: readonly Holder[], findings: readonly Finding[]): Verdict {
  const isWrong = holders.some(({ masters, unknown, isSplit }) => isSplit || (masters.length === 0 && unknown === null))
  if (findings.length > 0 || isWrong) return "not-well"
  return holders.length === 0 || holders.some(({ masters }) => masters.length !== 1) ? "unknown" : "well"
}

/** What is not well here, so that VIPs that this node holds may not answer. */
const OF_HOLDER: ReadonlySet<string> = new Set([
  "agent",
  "keepalived",
  "configuration",
  "vrrp",
  "handover",
  "init",
  "drift",
])

function vipSentences(data: PageData, holders: readonly Holder[], findings: readonly Finding[]): readonly string[] {
  const served = data.status.vips.filter(({ inEffect, unserved }) => inEffect && unserved === 0).length
  const vips = data.status.vips.filter(({ inEffect }) => inEffect).length
  if (vips === 0) return ["No VIP is in effect."]
  const split = holders.find(({ isSplit }) => isSplit)
  if (split !== undefined)
    return [`${listed(namesOf(split), MOST_NAMES)} are master at once, so they do not hear each other.`]
  if (holders.some(({ masters, unknown }) => masters.length === 0 && unknown === null))
    return [`No node is master, so ${counted(vips, "VIP")} ${vips === 1 ? "does" : "do"} not answer.`]
  const doubt = holders.find(({ unknown }) => unknown !== null)
  if (doubt !== undefined || holders.length === 0)
    return [`Which node holds ${counted(vips, "VIP")} is unknown: ${doubt?.unknown ?? "no VRRP instance is known"}.`]
  const held = holders.map((one) => holderSentence(one, { count: holders.length, vips }))
  if (holders.some(({ masters }) => masters.length > 1)) return held
  const isOwn = holders.some(({ masters }) => masters.some(({ isSelf }) => isSelf))
  if (isOwn && findings.some(({ about }) => OF_HOLDER.has(about)))
    return [`${counted(vips, "VIP")} may not answer.`, ...held]
  return [`${counted(served, "VIP")} ${served === 1 ? "answers" : "answer"}.`, ...held]
}

function holderSentence(
  { instance, masters, heldSeconds }: Holder,
  { count, vips }: { readonly count: number; readonly vips: number },
): string {
  const what = count === 1 ? (vips === 1 ? "it" : "them") : `the VIPs of ${instance}`
  const names = listed(
    masters.map(({ name }) => name),
    MOST_NAMES,
  )
  if (masters.length > 1) return `${names} say that they are master: a handover, or they do not hear each other.`
  return heldSeconds === null
    ? `${names} holds ${what}.`
    : `${names} has held ${what} for ${durationText(heldSeconds)}.`
}

function entrySentences({ status: { vips } }: PageData): readonly string[] {
  const broken = vips.filter(({ state }) => state === "held" || state === "partial" || state === "left-out").length
  const unserved = vips.filter(({ state }) => state === "unserved").length
  const pending = vips.filter(({ state }) => state === "pending").length
  return [
    ...(broken === 0 ? [] : [`${counted(broken, "entry", "entries")} ${broken === 1 ? "is" : "are"} broken.`]),
    ...(unserved === 0
      ? []
      : [`${counted(unserved, "VIP")} ${unserved === 1 ? "has" : "have"} a port without a ready pod.`]),
    ...(pending === 0
      ? []
      : [`${counted(pending, "entry", "entries")} ${pending === 1 ? "is" : "are"} not in effect yet.`]),
  ]
}

/** The list below the sentences has the texts. */
function otherSentences(findings: readonly Finding[]): readonly string[] {
  const others = findings.filter(({ about }) => about !== "entries").length
  return others === 0 ? [] : [`${counted(others, "other thing")} ${others === 1 ? "is" : "are"} not well on this node.`]
}

function namesOf({ masters }: Holder): readonly string[] {
  return masters.filter(isCurrent).map(({ name }) => name)
}
