import type { Problem } from "../../kit/problem.ts"
import type { EntryOutcome, OwnInput } from "./types.ts"
import type { ModelCode } from "./problem-codes.ts"
import { echoProblems, forbiddenAddress } from "./addresses/forbidden.ts"
import { asItWas, type HeldForm, heldForm } from "./last-good.ts"
import { heldByOthers, takenServers } from "./addresses/others.ts"
import { needsMasquerade, refusalProblem } from "./refusal.ts"
import type { ModelSettings, NodeFacts } from "./settings.ts"
import type { Walked } from "./walk-entry.ts"

interface FinishContext {
  readonly settings: ModelSettings
  /** Address -> name of the node that has it. */
  readonly nodeAddresses: ReadonlyMap<string, string>
  /** VIP -> name of the Node that lists it, although it is ours. */
  readonly echoes: ReadonlyMap<string, string>
  readonly subnetWarnings: (entry: Walked) => readonly Problem<ModelCode>[]
}

/** Decides which form of an entry runs: its current form, its last good form, a part of it, or nothing. */
export function finishEntry(walked: Walked, input: OwnInput, context: FinishContext): EntryOutcome {
  return withWarnings(walked, whatRuns(walked, input, context), context)
}

/** Adds the warnings about the address. They do not change what runs. */
function withWarnings(walked: Walked, outcome: EntryOutcome, { echoes, subnetWarnings }: FinishContext): EntryOutcome {
  if (outcome.vip === null) return outcome
  const warnings = [...echoProblems(walked.declaration, echoes), ...subnetWarnings(walked)]
  return warnings.length === 0 ? outcome : { ...outcome, problems: [...outcome.problems, ...warnings] }
}

function whatRuns(walked: Walked, input: OwnInput, context: FinishContext): EntryOutcome {
  const { raw, declaration, vip } = walked
  const forbidden =
    forbiddenAddress(declaration, context.nodeAddresses, context.settings) ?? heldByOthers(declaration, input.others)
  const refusal = input.refused.get(declaration.id)
  const taken = takenServers(declaration, vip, input.others)
  const isAsked = declaration.addresses.some(({ text }) => input.others?.addresses.get(text)?.kind === "asked")
  if (forbidden === null && !isAsked && refusal === undefined && taken === null && walked.good !== null)
    return withIpvs(walked.good, input.node)
  const services = walked.services.map(([name]) => name)
  const base = { declaration, text: raw.text, services, waiting: walked.waiting }
  // Its last good form must not run either: the address belongs to another machine, or is not allowed.
  if (forbidden !== null) return { ...base, state: "left-out", vip: null, problems: [...walked.problems, forbidden] }
  if (isAsked) return { ...base, state: "pending", vip: null, problems: walked.problems }
  const problems = [
    ...walked.problems,
    ...(refusal === undefined ? [] : [refusalProblem(refusal, declaration)]),
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
function heldVip(
  { raw, declaration }: Walked,
  input: OwnInput,
  { settings, nodeAddresses }: FinishContext,
): HeldForm | null {
  const lastGood = input.lastGood.get(declaration.id)
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
  const forms = [held, asItWas(lastGood)]
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
