import type { Problem } from "../../kit/problem.ts"
import type { EntryOutcome, OwnInput } from "./types.ts"
import type { ModelCode } from "./problem-codes.ts"
import { echoProblem, forbiddenAddress } from "./addresses/forbidden.ts"
import { asItWas, type HeldForm, heldForm } from "./last-good.ts"
import { heldByOthers, takenServers } from "./addresses/others.ts"
import { needsMasquerade, refusalProblem } from "./refusal.ts"
import type { ModelSettings, NodeFacts } from "./settings.ts"
import { type Lan, subnetProblem } from "./addresses/subnets.ts"
import type { Walked } from "./walk-entry.ts"

interface FinishContext {
  readonly settings: ModelSettings
  /** Address -> name of the node that has it. */
  readonly nodeAddresses: ReadonlyMap<string, string>
  /** VIP -> name of the Node that lists it, although it is ours. */
  readonly echoes: ReadonlyMap<string, string>
  readonly lan: Lan
}

/** Decides which form of an entry runs: its current form, its last good form, a part of it, or nothing. */
export function finishEntry(walked: Walked, input: OwnInput, context: FinishContext): EntryOutcome {
  return withWarnings(walked, whatRuns(walked, input, context), context)
}

/** Adds the warnings about the address. They do not change what runs. */
function withWarnings({ raw }: Walked, outcome: EntryOutcome, { echoes, lan }: FinishContext): EntryOutcome {
  const lister = echoes.get(raw.key)
  const subnet = subnetProblem(raw, lan)
  if (outcome.vip === null || (lister === undefined && subnet === null)) return outcome
  const warnings = [...(lister === undefined ? [] : [echoProblem(raw, lister)]), ...(subnet === null ? [] : [subnet])]
  return { ...outcome, problems: [...outcome.problems, ...warnings] }
}

function whatRuns(walked: Walked, input: OwnInput, context: FinishContext): EntryOutcome {
  const { raw, vip } = walked
  const holder = input.others?.addresses.get(raw.key)
  const forbidden = forbiddenAddress(raw, context.nodeAddresses, context.settings) ?? heldByOthers(raw, holder)
  const refusal = input.refused.get(raw.key)
  const taken = takenServers(raw, vip, input.others)
  const isAsked = holder?.kind === "asked"
  if (forbidden === null && !isAsked && refusal === undefined && taken === null && walked.good !== null)
    return withIpvs(walked.good, input.node)
  const services = walked.services.map(([name]) => name)
  const base = { key: raw.key, text: raw.text, place: raw.place, services, waiting: walked.waiting }
  // Its last good form must not run either: the address belongs to another machine, or is not allowed.
  if (forbidden !== null) return { ...base, state: "left-out", vip: null, problems: [...walked.problems, forbidden] }
  if (isAsked) return { ...base, state: "pending", vip: null, problems: walked.problems }
  const problems = [
    ...walked.problems,
    ...(refusal === undefined ? [] : [refusalProblem(refusal, raw)]),
    ...presentIn(taken),
  ]
  const held = heldVip(walked, input, context)
  if (held !== null) return withIpvs({ ...base, state: "held", ...held, problems }, input.node)
  const usable = refusal === undefined && taken === null && vip !== null && vip.virtualServers.length > 0
  return withIpvs({ ...base, state: usable ? "partial" : "left-out", vip: usable ? vip : null, problems }, input.node)
}

function presentIn<T>(one: T | null): readonly T[] {
  return one === null ? [] : [one]
}

/** The last good form of an entry; null when there is none, or when another program now has one of its virtual servers. */
function heldVip({ raw }: Walked, input: OwnInput, { settings, nodeAddresses }: FinishContext): HeldForm | null {
  const lastGood = input.lastGood.get(raw.key)
  if (lastGood === undefined) return null
  const refusal = input.refused.get(raw.key)
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
  const forms = [held, asItWas(lastGood)]
  return forms.find((form) => canRun(form) && takenServers(raw, form.vip, input.others) === null) ?? null
}

/** Leaves out a VIP with Services on a node without IPVS, because keepalived exits when it reads a virtual server there. */
function withIpvs(outcome: EntryOutcome, node: NodeFacts): EntryOutcome {
  if (node.ipvs || outcome.vip === null || outcome.vip.virtualServers.length === 0) return outcome
  const problem: Problem<ModelCode> = {
    code: "IPVS_MISSING",
    severity: "error",
    path: ["data", outcome.key],
    place: outcome.place,
    message: `Cannot forward anything on node "${node.name}": its kernel has no IPVS; load the module with "modprobe ip_vs"`,
  }
  return { ...outcome, state: "left-out", vip: null, problems: [...outcome.problems, problem] }
}
