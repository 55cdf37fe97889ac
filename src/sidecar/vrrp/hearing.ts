import type { VrrpState } from "../../contract/vrrp.ts"
import type { Clock } from "../../kit/time/clock.ts"
import type { InstanceAnswer } from "../ports.ts"

/** Whether a backup hears a master: without one it must take over (RFC 9568, 6.4.2), or its VRRP is stuck. */
export interface Hearing {
  /** @param answer Null if keepalived did not answer. */
  hear(state: VrrpState, answer: Pick<InstanceAnswer, "heard" | "advertInterval"> | null): void
  stop(): void
}

export interface HearingOptions {
  /** Called when this backup hears no master and does not take over. Null: that is over. */
  readonly deaf: (what: string | null) => void
  readonly clock: Clock
}

/** Reserve for a busy machine, beyond three adverts and a skew of at most one. */
const GRACE_MS = 10_000

/**
 * A keepalived 2.2.7 whose interface was deleted and created again reports BACKUP for ever: it hears nothing, and never takes
 * over (measured; 2.3.3 recovers).
 */
export function createHearing({ deaf, clock }: HearingOptions): Hearing {
  let heard: number | null = null
  let since = 0
  let isSaid = false
  const end = () => {
    if (isSaid) deaf(null)
    isSaid = false
  }
  return {
    hear: (state, answer) => {
      if (state !== "backup") {
        heard = null
        return end()
      }
      if (answer === null) return
      if (answer.heard !== heard) {
        const isFirst = heard === null
        heard = answer.heard
        since = clock.now()
        return isFirst ? undefined : end()
      }
      const silentMs = clock.now() - since
      if (silentMs < 4 * answer.advertInterval * 1_000 + GRACE_MS) return
      isSaid = true
      deaf(`this backup has heard no advert of a master for ${Math.round(silentMs / 1_000)} s and does not take over`)
    },
    stop: end,
  }
}
