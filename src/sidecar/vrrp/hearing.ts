import type { VrrpState } from "../../contract/vrrp.ts"
import type { VrrpAnswer } from "../ports.ts"
import type { VrrpWatchOptions } from "./vrrp-watch-options.ts"

/** Whether a backup hears a master: without one it must take over (RFC 9568, 6.4.2), or its VRRP is stuck. */
export interface Hearing {
  /** @param answer Null if keepalived was not asked. */
  hear(state: VrrpState, answer: VrrpAnswer | null): void
}

/** Reserve for a busy machine, beyond three adverts and a skew of at most one. */
const GRACE_MS = 10_000

/**
 * A keepalived 2.2.7 whose interface was deleted and created again reports BACKUP for ever: it hears nothing, and never takes
 * over (measured; 2.3.3 recovers).
 */
export function createHearing({ deaf, clock }: Pick<VrrpWatchOptions, "deaf" | "clock">): Hearing {
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
      if (answer?.kind !== "answer") return
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
  }
}
