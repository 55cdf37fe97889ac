/**
 * What came of a question. `accepted` and `refused` both come from a living kernel. `silent`: nothing came back in time.
 * `unknown`: we could not ask, which says nothing of the node.
 */
export type Answer = "accepted" | "refused" | "silent" | "unknown"

/** What a node and one of its pods answered in the same second. */
export interface Answers {
  readonly own: Answer
  /** Null where no pod was asked: the node is well, or has none that speaks TCP. */
  readonly pod: Answer | null
}

/** What is known of one node. Made by `hear`, and by nothing else. */
export interface Standing {
  /** Only a node that has answered before is judged: a firewall that drops the question from the start is no death. */
  readonly hasAnswered: boolean
  /** Whether it took the connection when it answered last, or refused it. */
  readonly accepts: boolean
  /** True when neither it nor a pod of it answered last. */
  readonly isSilent: boolean
  /** How often in a row that was so. */
  readonly misses: number
  /** How often since then it answered, in any way; counted while it is unreachable. */
  readonly answers: number
  /** How often of these it answered like a node whose pods run. */
  readonly goodAnswers: number
  /** How often in a row its pods answered alone. */
  readonly podsAlone: number
}

/** Who is unreachable, and whether we judge at all. */
export interface Judgement {
  /** Names. Fewer than half of those that have answered before, our own node counted among them. */
  readonly unreachable: ReadonlySet<string>
  /** True while half of the nodes or more are silent: then it may be we who are cut off, and nobody else is judged. */
  readonly isCutOff: boolean
}

export const MISSES = 3
/** A node that is starting refuses connections before its pods run: so many answers must show that it is well again. */
export const GOOD_ANSWERS = 3
/** Or it answers for so long in any way: by then the cluster has said what runs there. */
export const ANSWERS = 60
/** Where only its pods answer for so long, a firewall has come up: nothing is asked of them any more, and it is not judged. */
export const PODS_ALONE = 60

export const UNHEARD: Standing = {
  hasAnswered: false,
  accepts: false,
  isSilent: false,
  misses: 0,
  answers: 0,
  goodAnswers: 0,
  podsAlone: 0,
}

/** @returns the standing of a node after one more second; the same object where that tells nothing new. */
export function hear(standing: Standing, { own, pod }: Answers, isUnreachable: boolean): Standing {
  const ownAnswers = isAnswer(own)
  if (!ownAnswers && !isAnswer(pod)) {
    if (own === "unknown" || pod === "unknown") return standing
    // Of one that never answered there is nothing to count.
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
 * @param before who was unreachable until now: it stays so until it is back.
 */
export function judge(standings: ReadonlyMap<string, Standing>, before: ReadonlySet<string>): Judgement {
  const judged = [...standings].filter(([, { hasAnswered }]) => hasAnswered)
  // We answer, too: of three nodes one may go.
  const all = judged.length + 1
  const isGone = ([name, standing]: readonly [string, Standing]) => before.has(name) && !isBack(standing)
  const silent = judged.filter((one) => one[1].isSilent || isGone(one))
  const isCutOff = 2 * silent.length >= all
  const unreachable = judged.filter((one) => isGone(one) || (!isCutOff && one[1].misses >= MISSES))
  // Some that answered may have left the cluster since.
  const names = 2 * unreachable.length >= all ? [] : unreachable.map(([name]) => name)
  return { unreachable: new Set(names), isCutOff }
}

/**
 * What is left of a standing after a moment in which we were cut off: whoever is silent still when that is over is asked
 * three times again, for not everybody comes back in the same moment.
 */
export function afterCutOff(standing: Standing): Standing {
  return standing.misses === 0 ? standing : { ...standing, misses: 0 }
}

function isBack({ goodAnswers, answers }: Standing): boolean {
  return goodAnswers >= GOOD_ANSWERS || answers >= ANSWERS
}

function isAnswer(answer: Answer | null): boolean {
  return answer === "accepted" || answer === "refused"
}

function isSame(a: Standing, b: Standing): boolean {
  return (
    a.hasAnswered === b.hasAnswered &&
    a.accepts === b.accepts &&
    !a.isSilent &&
    a.misses === 0 &&
    a.answers === 0 &&
    a.podsAlone === b.podsAlone
  )
}
