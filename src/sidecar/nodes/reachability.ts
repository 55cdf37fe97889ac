/**
 * The result of a probe. `accepted` and `refused` both come from a living kernel. `silent`: no answer in time.
 * `unknown`: the probe was not possible, which says nothing about the node.
 */
export type Answer = "accepted" | "refused" | "silent" | "unknown"

/** The answers of a node and one of its pods in the same second. */
export interface Answers {
  readonly own: Answer
  /** Null if no pod was probed: the node answers, or has no pod with TCP. */
  readonly pod: Answer | null
}

/** What is known of one node. Only `hear` makes it. */
export interface NodeHealth {
  /** Only a node that has answered before is judged: a firewall that always dropped the probe does not mean a dead node. */
  readonly hasAnswered: boolean
  /** Whether its last answer accepted the connection, or refused it. */
  readonly accepts: boolean
  /** True when the last probes of the node and of its pod both got no answer. */
  readonly isSilent: boolean
  /** Number of consecutive times that both were silent. */
  readonly misses: number
  /** Number of answers of any kind since then; counted while it is unreachable. */
  readonly answers: number
  /** Number of these that show that its pods run. */
  readonly goodAnswers: number
  /** Number of consecutive times that only its pods answered. */
  readonly podsAlone: number
}

/** The unreachable nodes, and whether nodes are judged at all. */
export interface Judgement {
  /** Names. Fewer than half of the nodes that have answered before, with our own node counted among them. */
  readonly unreachable: ReadonlySet<string>
  /** True while half of the nodes or more are silent: this node may be cut off, so no other node is judged. */
  readonly isCutOff: boolean
}

export const MISSES = 3
/** A starting node refuses connections before its pods run, so this many answers must show that it works again. */
export const GOOD_ANSWERS = 3
/** Answers of any kind after which it counts as back: by then the cluster has reported what runs there. */
export const ANSWERS = 60
/** Answers of its pods alone after which a firewall is assumed: the pods are not probed any more, and the node is not judged. */
export const PODS_ALONE = 60

export const UNHEARD: NodeHealth = {
  hasAnswered: false,
  accepts: false,
  isSilent: false,
  misses: 0,
  answers: 0,
  goodAnswers: 0,
  podsAlone: 0,
}

/** @returns the standing of a node after one more second; the same object if nothing changes. */
export function observeAnswer(standing: NodeHealth, { own, pod }: Answers, isUnreachable: boolean): NodeHealth {
  const ownAnswers = isAnswer(own)
  if (!ownAnswers && !isAnswer(pod)) {
    if (own === "unknown" || pod === "unknown") return standing
    // For a node that never answered there is nothing to count.
    if (!standing.hasAnswered) return standing
    return { ...standing, isSilent: true, misses: standing.misses + 1, answers: 0, goodAnswers: 0 }
  }
  const podsAlone = ownAnswers ? 0 : standing.podsAlone + 1
  if (podsAlone >= PODS_ALONE) return UNHEARD
  const accepts = ownAnswers && !isUnreachable ? own === "accepted" : standing.accepts
  const well = { ...UNHEARD, hasAnswered: true, accepts, podsAlone }
  if (!isUnreachable) return isSame(standing, well) ? standing : well
  const isGood = pod === null ? own === "accepted" || !standing.accepts : pod === "accepted"
  return { ...well, answers: standing.answers + 1, goodAnswers: standing.goodAnswers + (isGood ? 1 : 0) }
}

/**
 * Judges all nodes together.
 *
 * @param before The nodes that were unreachable until now: each stays unreachable until it is back.
 */
export function classify(standings: ReadonlyMap<string, NodeHealth>, before: ReadonlySet<string>): Judgement {
  const judged = [...standings].filter(([, { hasAnswered }]) => hasAnswered)
  // Our own node answers, too: of three nodes, one may be lost.
  const all = judged.length + 1
  const isGone = ([name, standing]: readonly [string, NodeHealth]) => before.has(name) && !isBack(standing)
  const silent = judged.filter((one) => one[1].isSilent || isGone(one))
  const isCutOff = 2 * silent.length >= all
  const unreachable = judged.filter((one) => isGone(one) || (!isCutOff && one[1].misses >= MISSES))
  // Some nodes that answered may have left the cluster since.
  const names = 2 * unreachable.length >= all ? [] : unreachable.map(([name]) => name)
  return { unreachable: new Set(names), isCutOff }
}

/**
 * The standing after a period in which this node was cut off: a node that is still silent afterwards is probed
 * three times again, because not all nodes come back in the same moment.
 */
export function afterCutOff(standing: NodeHealth): NodeHealth {
  return standing.misses === 0 ? standing : { ...standing, misses: 0 }
}

function isBack({ goodAnswers, answers }: NodeHealth): boolean {
  return goodAnswers >= GOOD_ANSWERS || answers >= ANSWERS
}

function isAnswer(answer: Answer | null): boolean {
  return answer === "accepted" || answer === "refused"
}

function isSame(a: NodeHealth, b: NodeHealth): boolean {
  return (
    a.hasAnswered === b.hasAnswered &&
    a.accepts === b.accepts &&
    !a.isSilent &&
    a.misses === 0 &&
    a.answers === 0 &&
    a.podsAlone === b.podsAlone
  )
}
