import type { Problem } from "../../kit/problem.ts"
import { vipIdOf } from "../declare/declaration.ts"
import type { Claim } from "./addresses/claim.ts"
import type { EntryOutcome, OwnInput } from "./types.ts"
import type { ModelCode } from "./problem-codes.ts"
import { echoProblems, forbiddenAddress } from "./addresses/forbidden.ts"
import { asItWas, type HeldForm, heldForm, type LastGoodEntry, lastGoodOf } from "./last-good.ts"
import { heldByOthers, takenServers } from "./addresses/others.ts"
import { needsMasquerade, refusalProblem } from "./refusal.ts"
import type { ModelSettings, NodeFacts } from "./settings.ts"
import type { Walked, WalkedVip } from "./walk-entry.ts"

interface FinishContext {
  readonly settings: ModelSettings
  /** Address -> name of the node that has it. */
  readonly nodeAddresses: ReadonlyMap<string, string>
  /** VIP -> name of the Node that lists it, although it is ours. */
  readonly echoes: ReadonlyMap<string, string>
  /** Address -> the last working form of an entry that is gone. */
  readonly orphans: ReadonlyMap<string, LastGoodEntry>
  readonly subnetWarnings: (claim: Claim) => readonly Problem<ModelCode>[]
}

/**
 * Decides which form of each VIP of an entry runs: its current form, its last good form, a part of it, or nothing. While an
 * entry does not run as it is written, the VIPs that it no longer names stay: the text that takes them away is not good.
 */
export function finishEntry(walked: Walked, input: OwnInput, context: FinishContext): readonly EntryOutcome[] {
  const known = lastGoodOf(input.lastGood).get(walked.declaration.id) ?? []
  const named = walked.vips.map((one) => finishVip({ walked, one, isNamed: true }, input, context))
  if (known.length === 0 || named.every(({ state }) => state === "good")) return named
  const names = new Set(walked.declaration.addresses.map(({ text }) => text))
  const cause = named.find(({ state }) => state !== "good" && state !== "pending")
  const left = known
    .filter(({ vip }) => !names.has(vip.address))
    .map(({ vip }) => {
      const one = leftOver(vip.address, walked, cause?.problems ?? [])
      const outcome = finishVip({ walked, one, isNamed: false }, input, context)
      return { ...outcome, ...(cause === undefined ? PENDING : {}), ...(walked.isReadable ? GOING : {}) }
    })
    .filter(({ vip }) => vip !== null)
  // What an entry without a readable address says is told with the VIPs that it keeps.
  return left.length === 0 ? named : [...named.filter(({ address }) => address !== null), ...left]
}

const PENDING = { state: "pending" } as const
const GOING = { isGoing: true } as const

/** A VIP that ran, and that its entry does not name now. */
function leftOver(address: string, { declaration }: Walked, problems: WalkedVip["problems"]): WalkedVip {
  const { path, place } = declaration
  return { claim: { address, path, place }, vip: null, waiting: [], problems, good: null }
}

/** A VIP of an entry. */
interface Part {
  readonly walked: Walked
  readonly one: WalkedVip
  /** False when the entry does not name its address now. */
  readonly isNamed: boolean
}

function finishVip(part: Part, input: OwnInput, context: FinishContext): EntryOutcome {
  return withWarnings(part.one, whatRuns(part, input, context), context)
}

/** Adds the warnings about the address. They do not change what runs. */
function withWarnings({ claim }: WalkedVip, outcome: EntryOutcome, context: FinishContext): EntryOutcome {
  if (outcome.vip === null || claim === null) return outcome
  const warnings = [...echoProblems(claim, context.echoes), ...context.subnetWarnings(claim)]
  return warnings.length === 0 ? outcome : { ...outcome, problems: [...outcome.problems, ...warnings] }
}

function whatRuns(part: Part, input: OwnInput, context: FinishContext): EntryOutcome {
  const { walked, one, isNamed } = part
  const { raw, declaration } = walked
  const { claim, vip } = one
  const address = claim?.address ?? null
  const forbidden = claim === null ? null : cannotHave(claim, input, context)
  const refusal = input.refused.get(declaration.id)
  const taken = takenServers(claim ?? declaration, vip, input.others)
  const isAsked = address !== null && isNamed && input.others?.addresses.get(address)?.kind === "asked"
  if (forbidden === null && !isAsked && refusal === undefined && taken === null && one.good !== null)
    return withIpvs(one.good, input.node)
  const services = walked.services.map(([name]) => name)
  const base = { declaration, text: raw.text, address, services, waiting: one.waiting }
  // Its last good form must not run either: the address belongs to another machine, or is not allowed.
  if (forbidden !== null) return { ...base, state: "left-out", vip: null, problems: [...one.problems, forbidden] }
  if (isAsked) return { ...base, state: "pending", vip: null, problems: one.problems }
  const problems = [
    ...one.problems,
    ...(refusal === undefined || !isNamed ? [] : [refusalProblem(refusal, declaration)]),
    ...presentIn(taken),
  ]
  const held = heldVip(part, input, context)
  if (held !== null) return withIpvs({ ...base, state: "held", ...held, problems }, input.node)
  const usable = refusal === undefined && taken === null && vip !== null && vip.virtualServers.length > 0
  return withIpvs({ ...base, state: usable ? "partial" : "left-out", vip: usable ? vip : null, problems }, input.node)
}

function cannotHave(claim: Claim, { others }: OwnInput, context: FinishContext): Problem<ModelCode> | null {
  return forbiddenAddress(claim, context.nodeAddresses, context.settings) ?? heldByOthers(claim, others)
}

function presentIn<T>(one: T | null): readonly T[] {
  return one === null ? [] : [one]
}

/** The last good form of a VIP; null when there is none, or when another program now has one of its virtual servers. */
function heldVip(
  { walked: { raw, declaration }, one: { claim } }: Part,
  input: OwnInput,
  { settings, nodeAddresses, orphans }: FinishContext,
): HeldForm | null {
  if (claim === null) return null
  const { address } = claim
  const lastGood = input.lastGood.get(vipIdOf(declaration.id, address)) ?? orphans.get(address)
  if (lastGood === undefined) return null
  const refusal = input.refused.get(declaration.id)
  const held = heldForm(raw, lastGood, {
    services: input.objects.services,
    nodeAddresses,
    settings,
    draining: input.draining,
    unreachable: input.unreachable,
    refused: refusal?.code === "REFUSED_BY_KEEPALIVED",
  })
  // The last good form may itself need the masquerading that is missing now.
  const canRun = (form: HeldForm) => refusal?.code !== "MASQUERADE_MISSING" || !needsMasquerade(form.vip)
  const forms = [held, asItWas(lastGood, declaration.id)]
  return forms.find((form) => canRun(form) && takenServers(declaration, form.vip, input.others) === null) ?? null
}

/** Leaves out a VIP with Services on a node without IPVS, because keepalived exits when it reads a virtual server there. */
function withIpvs(outcome: EntryOutcome, node: NodeFacts): EntryOutcome {
  if (node.ipvs || outcome.vip === null || outcome.vip.virtualServers.length === 0) return outcome
  const problem: Problem<ModelCode> = {
    code: "IPVS_MISSING",
    severity: "error",
    path: outcome.declaration.path,
    place: outcome.declaration.place,
    message: `Cannot forward anything on node "${node.name}": its kernel has no IPVS; load the module with "modprobe ip_vs"`,
  }
  return { ...outcome, state: "left-out", vip: null, problems: [...outcome.problems, problem] }
}
