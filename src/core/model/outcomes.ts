import type { Problem } from "../../kit/problem.ts"
import { inAddressOrder } from "../desired/address.ts"
import type { EntryOutcome, OwnInput } from "./build-model.ts"
import type { ModelCode } from "./codes.ts"
import { finishEntry } from "./finish-entry.ts"
import { nodeAddressesOf } from "./forbidden.ts"
import type { VipModel } from "./keepalived-model.ts"
import type { ModelSettings, NodeFacts } from "./settings.ts"
import { lanOf } from "./subnets.ts"
import { createEntryWalk, type Walked } from "./walk-entry.ts"

/** What becomes of all entries. */
export interface Outcomes {
  /** In the order of the ConfigMap. */
  readonly entries: readonly EntryOutcome[]
  /** Those that run, sorted by address. */
  readonly vips: readonly VipModel[]
  /** Of the entries, in their order. */
  readonly problems: readonly Problem<ModelCode>[]
  /** Nodes with endpoints of an entry that answer no more. */
  readonly gone: ReadonlySet<string>
}

/**
 * Decides what becomes of the entries of a ConfigMap. What was decided before is kept where nothing that it rests on is
 * another; the result is the same as without.
 */
export function createOutcomes(settings: ModelSettings): (input: OwnInput) => Outcomes {
  const walkEntries = createEntryWalk(settings)
  let last: Last | null = null
  return (input) => {
    const { walked, changed } = walkEntries(input)
    const { own, objects } = input
    const context = {
      settings,
      nodeAddresses: nodeAddressesOf(objects.nodes),
      echoes: own.echoes,
      lan: lanOf(input.node, objects.nodes),
    }
    const finish = (one: Walked) => finishEntry(one, input, context)
    const made =
      last !== null && changed !== null && isAsBefore(last.input, input)
        ? replaced(last, walked, new Set([...changed, ...last.unusual]), finish)
        : madeOf(walked, walked.map(finish))
    last = { ...made, input }
    return { ...made, gone: goneFrom(walked, input) }
  }
}

type Made = Pick<Outcomes, "entries" | "vips" | "problems"> & {
  /** The places of entries that do not simply run as they were walked: something else may decide of them each time. */
  readonly unusual: readonly number[]
}

type Last = Made & { readonly input: OwnInput }

/** Whether what was walked as before runs as before, too, where it ran as it was walked. */
function isAsBefore(before: OwnInput, now: OwnInput): boolean {
  return (
    before.objects.nodes === now.objects.nodes &&
    before.node.ipvs === now.node.ipvs &&
    now.refused.size === 0 &&
    now.others === undefined &&
    before.own.echoes.size === 0 &&
    now.own.echoes.size === 0 &&
    isSameLan(before.node, now.node)
  )
}

/** The addresses of the machine are read each time. */
function isSameLan(before: NodeFacts, now: NodeFacts): boolean {
  return before.interface === now.interface && JSON.stringify(before.subnets) === JSON.stringify(now.subnets)
}

function madeOf(walked: readonly Walked[], entries: readonly EntryOutcome[]): Made {
  const announced: VipModel[] = []
  const problems: Problem<ModelCode>[] = []
  const unusual: number[] = []
  for (const [at, outcome] of entries.entries()) {
    if (outcome.vip !== null) announced.push(outcome.vip)
    for (const problem of outcome.problems) problems.push(problem)
    if (outcome !== walked[at]?.good) unusual.push(at)
  }
  return { entries, vips: inAddressOrder(announced), problems, unusual }
}

/** The same with some entries finished anew, without a look at the others where that is possible. */
function replaced(
  last: Made,
  walked: readonly Walked[],
  places: ReadonlySet<number>,
  finish: (one: Walked) => EntryOutcome,
): Made {
  const entries = [...last.entries]
  const vips = [...last.vips]
  let isSimple = true
  for (const at of places) {
    const [one, before] = [walked[at], entries[at]]
    if (one === undefined || before === undefined) continue
    const outcome = finish(one)
    entries[at] = outcome
    isSimple &&= isPlain(before) && isPlain(outcome)
    // The key is the address: what stands in its place stands in order.
    if (before.vip !== null && outcome.vip !== null) vips[vips.indexOf(before.vip)] = outcome.vip
  }
  return isSimple ? { ...last, entries, vips } : madeOf(walked, entries)
}

/** An entry that runs and has nothing to say. */
function isPlain({ state, problems }: EntryOutcome): boolean {
  return state === "good" && problems.length === 0
}

function goneFrom(walked: readonly Walked[], { unreachable }: OwnInput): ReadonlySet<string> {
  return new Set(unreachable.size === 0 ? [] : walked.flatMap((one) => one.gone))
}
