import type { VrrpState } from "../../contract/vrrp.ts"
import type { RunningKeepalived, VrrpAnswer, VrrpEvent } from "../ports.ts"
import { createConfirmation, type Confirmation } from "./confirmation.ts"
import { createHearing } from "./hearing.ts"
import { unknownEvents } from "./replay.ts"
import type { VrrpWatchOptions } from "./vrrp-watch-options.ts"
import { NOT_SEEN, type Vrrp } from "./vrrp.ts"

/** Follows VRRP's state as keepalived reports it. */
export interface VrrpWatch {
  /** Looks for changes. Calls during a look share the next one. */
  look(): Promise<void>
}

/** Longest time between two questions. */
const ASK_MS = 5_000
/** Consecutive questions without an answer after which keepalived counts as not answering. */
const MOST_SILENCES = 3

export function createVrrpWatch(options: VrrpWatchOptions): VrrpWatch {
  const { source, clock, date, running } = options
  const last = options.roles.at(-1)
  let vrrp: Vrrp = last === undefined ? NOT_SEEN : { state: last.to, since: last.time, reason: last.reason }
  let isFirst = true
  let askedAt = Number.NEGATIVE_INFINITY
  let silences = 0
  let contradictions = 0
  let farewells: number | null = null
  const hearing = createHearing(options)
  const confirmation: Confirmation = createConfirmation(options)

  function enter(state: VrrpState, at: number | null, reason: string | null): void {
    const isNew = state !== vrrp.state
    if (!isNew && (reason === null || reason === vrrp.reason)) return
    const from = vrrp.state
    const time = new Date(at ?? date()).toISOString()
    vrrp = { state, since: isNew ? time : vrrp.since, reason }
    // A start does not count as a change of the role.
    options.onChange(vrrp, isNew && state !== "init" ? { kind: "role", time, from, to: state, reason } : null)
  }

  /** The reason for the state, if the log does not have it. */
  function reasonOf({ state, reason }: VrrpEvent, answer: VrrpAnswer | null): string | null {
    if (reason !== null) return reason
    if (state === "backup" && vrrp.state === "fault") return "the fault is over"
    if (state !== "master") return null
    const isFarewell = answer?.kind === "answer" && farewells !== null && answer.farewells > farewells
    return isFarewell ? "the master before it gave the role up" : "no advert of a master was heard"
  }

  function take(events: readonly VrrpEvent[], answer: VrrpAnswer | null): void {
    for (const event of events) enter(event.state, event.at, reasonOf(event, answer))
  }

  async function ask(target: RunningKeepalived): Promise<VrrpAnswer> {
    askedAt = clock.now()
    const answer = await source.ask(target)
    silences = answer.kind === "silent" ? silences + 1 : 0
    return answer
  }

  function isDue(): boolean {
    if (
      vrrp.state === "unknown" ||
      vrrp.state === "init" ||
      silences > 0 ||
      contradictions > 0 ||
      confirmation.isDoubtful()
    )
      return true
    return clock.now() - askedAt >= ASK_MS
  }

  /** The current state, whatever the log said. */
  function settle(target: RunningKeepalived | null, answer: VrrpAnswer | null): void {
    if (target === null) return enter("unknown", null, "keepalived is not running")
    if (target.vrrp === null) return enter("unknown", null, "keepalived's VRRP child process is not running")
    switch (answer?.kind) {
      case undefined:
        return
      case "answer":
        farewells = answer.farewells
        contradictions = answer.state === vrrp.state ? 0 : contradictions + 1
        // The log comes through another process, and may be a moment late.
        if (contradictions > 1 || (contradictions > 0 && (vrrp.state === "unknown" || vrrp.state === "init")))
          enter(answer.state, answer.at, "keepalived says so when it is asked; its log does not say why")
        return
      case "silent":
        if (silences >= MOST_SILENCES) enter("unknown", null, "keepalived does not answer")
        return
      case "not-ready":
        if (vrrp.state === "unknown") enter("init", null, "keepalived is starting")
        return
      case "cannot":
        if (vrrp.state === "unknown")
          enter("unknown", null, "keepalived's log does not say, and this build of keepalived cannot be asked")
        return
    }
  }

  async function lookOnce(): Promise<void> {
    const target = await running()
    const told = await source.news()
    const events = isFirst ? unknownEvents(told, options.roles) : told
    const isLive = target !== null && target.vrrp !== null
    const answer = isLive && (isFirst || events.length > 0 || isDue()) ? await ask(target) : null
    const isFirstLook = isFirst
    isFirst = false
    // A keepalived that has not reported anything yet is not the one that the last agent described.
    if (isFirstLook && told.length === 0 && answer?.kind === "not-ready") vrrp = NOT_SEEN
    // The log also has what happened during the question.
    take(answer === null ? events : [...events, ...(await source.news())], answer)
    settle(target, answer)
    if (vrrp.state === "fault" && (answer !== null || events.length > 0))
      enter("fault", null, await options.faultCause())
    // What the last agent wrote, and keepalived confirms, is reported as well.
    if (isFirstLook) options.onChange(vrrp, null)
    hearing.hear(vrrp.state, answer)
    await confirmation.confirm(vrrp.state)
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
