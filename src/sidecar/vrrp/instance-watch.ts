import type { RoleChange } from "../../contract/node/history.ts"
import { HANDOVER, type VrrpState } from "../../contract/vrrp.ts"
import type { InstanceAnswer, RunningKeepalived, VrrpAnswer, VrrpEvent } from "../ports.ts"
import { createConfirmation } from "./confirmation.ts"
import { createHearing } from "./hearing.ts"
import { unknownEvents } from "./replay.ts"
import type { InstanceOptions } from "./vrrp-watch-options.ts"
import { NOT_SEEN, type Vrrp } from "./vrrp.ts"

/** What keepalived says about an instance; null if it was not asked. */
export type OwnAnswer = ({ readonly kind: "answer" } & InstanceAnswer) | Exclude<VrrpAnswer, { kind: "answer" }> | null

/** What was seen at one moment. */
export interface Sight {
  readonly target: RunningKeepalived | null
  /** Events of the instance in the log: before the question, and during it. */
  readonly events: readonly VrrpEvent[]
  readonly lateEvents: readonly VrrpEvent[]
  readonly answer: OwnAnswer
  /** True if keepalived has not answered several questions. */
  readonly isSilent: boolean
}

/** Follows the state of one VRRP instance. */
export interface InstanceWatch {
  vrrp(): Vrrp
  /** True while keepalived must be asked again soon. */
  isDoubtful(): boolean
  see(sight: Sight): Promise<void>
  /** The instance is gone: nothing that was reported about it stays. */
  stop(): void
}

/** @param onChange Called when the state or its reason changes; `change` is null if the state is the same. */
export function createInstanceWatch(
  name: string,
  options: InstanceOptions,
  onChange: (change: RoleChange | null) => void,
): InstanceWatch {
  const { clock, date } = options
  const roles = options.roles.filter(({ instance }) => instance === name)
  const last = roles.at(-1)
  let vrrp: Vrrp = last === undefined ? NOT_SEEN : { state: last.to, since: last.time, reason: last.reason }
  let isFirst = true
  let contradictions = 0
  let farewells: number | null = null
  const hearing = createHearing({ deaf: (what) => options.deaf(name, what), clock })
  const confirmation = createConfirmation({
    hasAnchor: () => options.hasAnchor(name),
    disagrees: (what) => options.disagrees(name, what),
    clock,
  })

  function enter(state: VrrpState, at: number | null, reason: string | null): void {
    const isNew = state !== vrrp.state
    if (!isNew && (reason === null || reason === vrrp.reason)) return
    const from = vrrp.state
    const time = new Date(at ?? date()).toISOString()
    vrrp = { state, since: isNew ? time : vrrp.since, reason }
    // A start does not count as a change of the role.
    onChange(isNew && state !== "init" ? { kind: "role", instance: name, time, from, to: state, reason } : null)
  }

  /** The reason for the state, if the log does not have it. */
  function reasonOf({ state, reason }: VrrpEvent, answer: OwnAnswer): string | null {
    if (reason !== null) return reason
    if (state === "fault" && options.isHandingOver?.() === true) return `${HANDOVER}: a user drained it`
    if (state === "backup" && vrrp.state === "fault") return "the fault is over"
    if (state !== "master") return null
    const isFarewell = answer?.kind === "answer" && farewells !== null && answer.farewells > farewells
    return isFarewell ? "the master before it gave the role up" : "no advert of a master was heard"
  }

  /** The current state, whatever the log said. */
  function settle({ target, answer, isSilent }: Sight): void {
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
        if (isSilent) enter("unknown", null, "keepalived does not answer")
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

  return {
    vrrp: () => vrrp,
    isDoubtful: () =>
      vrrp.state === "unknown" || vrrp.state === "init" || contradictions > 0 || confirmation.isDoubtful(),
    see: async (sight) => {
      const { answer } = sight
      const isFirstSight = isFirst
      isFirst = false
      const events = isFirstSight ? unknownEvents(sight.events, roles) : sight.events
      // A keepalived that has not reported anything yet is not the one that the last agent described.
      if (isFirstSight && sight.events.length === 0 && answer?.kind === "not-ready") vrrp = NOT_SEEN
      for (const event of [...events, ...sight.lateEvents]) enter(event.state, event.at, reasonOf(event, answer))
      settle(sight)
      if (vrrp.state === "fault" && (answer !== null || events.length > 0))
        enter("fault", null, await options.faultCause(name))
      // What the last agent wrote, and keepalived confirms, is reported as well.
      if (isFirstSight) onChange(null)
      hearing.hear(vrrp.state, answer?.kind === "answer" ? answer : null)
      await confirmation.confirm(vrrp.state)
    },
    stop: () => {
      hearing.stop()
      confirmation.stop()
    },
  }
}
