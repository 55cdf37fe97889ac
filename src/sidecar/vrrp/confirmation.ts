import type { VrrpState } from "../../contract/vrrp.ts"
import type { Clock } from "../../kit/time/clock.ts"

/** Whether the kernel confirms keepalived's state: the anchor exists if, and only if, this node is master. */
export interface Confirmation {
  /** True while they differ: then keepalived is asked again. */
  isDoubtful(): boolean
  confirm(state: VrrpState): Promise<void>
  stop(): void
}

export interface ConfirmationOptions {
  /** Whether the kernel shows the anchor; null if that does not matter. */
  readonly hasAnchor: () => Promise<boolean | null>
  /** Called when they differ for too long, with one sentence; null: they agree again. */
  readonly disagrees: (what: string | null) => void
  readonly clock: Clock
}

/** Time for keepalived to add its addresses to the interface, or to remove them. */
const DISAGREE_MS = 5_000

export function createConfirmation(options: ConfirmationOptions): Confirmation {
  const { clock } = options
  let since: number | null = null
  let isSaid = false
  return {
    isDoubtful: () => since !== null,
    confirm: async (state) => {
      // A state that keepalived does not report cannot be confirmed.
      const hasAnchor = state === "unknown" || state === "init" ? null : await options.hasAnchor()
      const agrees = hasAnchor === null || hasAnchor === (state === "master")
      since = agrees ? null : (since ?? clock.now())
      const isOver = since === null
      if (isOver && isSaid) options.disagrees(null)
      if (!isOver && !isSaid && clock.now() - (since ?? 0) < DISAGREE_MS) return
      if (!isOver) options.disagrees(textOf(state))
      isSaid = !isOver
    },
    stop: () => {
      if (isSaid) options.disagrees(null)
    },
  }
}

function textOf(state: VrrpState): string {
  const what = state === "master" ? "is not on the interface" : "is on the interface"
  return `keepalived says ${state.toUpperCase()}, but the anchor, the address that only a master has, ${what}`
}
