import type { VrrpState } from "../../contract/vrrp.ts"
import type { VrrpWatchOptions } from "./vrrp-watch-options.ts"

/** Whether the kernel shows what keepalived says: the anchor is there exactly where this node is master. */
export interface Confirmation {
  /** True while they differ: then keepalived is asked again. */
  isDoubtful(): boolean
  confirm(state: VrrpState): Promise<void>
}

/** Time that keepalived has to put its addresses on the interface, or to take them from it. */
const DISAGREE_MS = 5_000

export function createConfirmation(options: Pick<VrrpWatchOptions, "hasAnchor" | "disagrees" | "clock">): Confirmation {
  const { clock } = options
  let since: number | null = null
  let isSaid = false
  return {
    isDoubtful: () => since !== null,
    confirm: async (state) => {
      // Of what keepalived does not say, there is nothing to confirm.
      const hasAnchor = state === "unknown" || state === "init" ? null : await options.hasAnchor()
      const agrees = hasAnchor === null || hasAnchor === (state === "master")
      since = agrees ? null : (since ?? clock.now())
      const isOver = since === null
      if (isOver && isSaid) options.disagrees(null)
      if (!isOver && !isSaid && clock.now() - (since ?? 0) < DISAGREE_MS) return
      if (!isOver) options.disagrees(textOf(state))
      isSaid = !isOver
    },
  }
}

function textOf(state: VrrpState): string {
  const what = state === "master" ? "is not on the interface" : "is on the interface"
  return `keepalived says ${state.toUpperCase()}, but the anchor, the address that only a master has, ${what}`
}
