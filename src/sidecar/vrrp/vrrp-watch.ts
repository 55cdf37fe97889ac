import type { RunningKeepalived, VrrpAnswer, VrrpEvent } from "../ports.ts"
import { createInstanceWatch, type InstanceWatch, type OwnAnswer } from "./instance-watch.ts"
import type { VrrpWatchOptions } from "./vrrp-watch-options.ts"

/** Follows the states of VRRP's instances as keepalived reports them. */
export interface VrrpWatch {
  /** Looks for changes. Calls during a look share the next one. */
  look(): Promise<void>
}

/** Longest time between two questions. */
const ASK_MS = 5_000
/** Consecutive questions without an answer after which keepalived counts as not answering. */
const MOST_SILENCES = 3

export function createVrrpWatch(options: VrrpWatchOptions): VrrpWatch {
  const { source, clock, running } = options
  const watches = new Map<string, InstanceWatch>()
  let isFirst = true
  let askedAt = Number.NEGATIVE_INFINITY
  let silences = 0

  const roles = () => new Map([...watches].map(([name, watch]) => [name, watch.vrrp()]))

  async function ask(target: RunningKeepalived): Promise<VrrpAnswer> {
    askedAt = clock.now()
    const answer = await source.ask(target)
    silences = answer.kind === "silent" ? silences + 1 : 0
    return answer
  }

  function isDue(): boolean {
    if (watches.size === 0 || silences > 0 || [...watches.values()].some((watch) => watch.isDoubtful())) return true
    return clock.now() - askedAt >= ASK_MS
  }

  /** The instances in effect, and those that keepalived has; if neither is known, those of the log. */
  function namesIn(answer: VrrpAnswer | null, events: readonly VrrpEvent[]): ReadonlySet<string> {
    const listed = answer?.kind === "answer" ? answer.instances.keys() : watches.keys()
    const known = [...options.instances(), ...listed]
    return new Set(known.length > 0 ? known : events.flatMap(({ instance }) => instance ?? []))
  }

  function keepWatches(names: ReadonlySet<string>): void {
    for (const [name, watch] of watches) {
      if (names.has(name)) continue
      watches.delete(name)
      watch.stop()
      options.onChange(roles(), null)
    }
    for (const name of names)
      if (!watches.has(name))
        watches.set(
          name,
          createInstanceWatch(name, options, (change) => options.onChange(roles(), change)),
        )
  }

  async function lookOnce(): Promise<void> {
    const target = await running()
    const events = await source.news()
    const isLive = target !== null && target.vrrp !== null
    const answer = isLive && (isFirst || events.length > 0 || isDue()) ? await ask(target) : null
    isFirst = false
    // The log also has what happened during the question.
    const lateEvents = answer === null ? [] : await source.news()
    keepWatches(namesIn(answer, [...events, ...lateEvents]))
    const isSilent = silences >= MOST_SILENCES
    for (const [name, watch] of watches) {
      const own = (list: readonly VrrpEvent[]) => list.filter(({ instance }) => instance === null || instance === name)
      const sight = {
        target,
        events: own(events),
        lateEvents: own(lateEvents),
        answer: answerOf(name, answer),
        isSilent,
      }
      await watch.see(sight)
    }
  }

  let turn: Promise<void> | null = null
  let next: Promise<void> | null = null
  return {
    look: () => {
      if (turn === null) {
        turn = lookOnce().finally(() => (turn = null))
        return turn
      }
      next ??= turn
        .catch(() => undefined)
        .then(() => {
          next = null
          turn = lookOnce().finally(() => (turn = null))
          return turn
        })
      return next
    },
  }
}

/** A keepalived whose answer does not name an instance has not read the file with it yet. */
function answerOf(name: string, answer: VrrpAnswer | null): OwnAnswer {
  if (answer?.kind !== "answer") return answer
  const own = answer.instances.get(name)
  return own === undefined ? { kind: "not-ready" } : { kind: "answer", ...own }
}
