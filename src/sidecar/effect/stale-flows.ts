import { type VirtualServer, virtualServerKey } from "../../core/model/keepalived-model.ts"
import type { Clock } from "../../kit/time/clock.ts"
import { createTimers } from "../../kit/time/named-timers.ts"
import type { Kernel } from "../ports.ts"

export interface StaleFlows {
  /**
   * Deletes, in the background, older flows of the clients of virtual servers that just began to forward on this
   * node. Never throws.
   */
  appeared(servers: readonly VirtualServer[]): void
  /** Resolves when no work is under way. */
  idle(): Promise<void>
  stop(): void
}

export interface StaleFlowsOptions {
  readonly snat: "masquerade" | "none"
  readonly kernel: Pick<Kernel, "forgetFlows">
  readonly clock: Clock
  /** Reports the number of flows of this virtual server that were deleted. */
  readonly forgotten: (server: string, flows: number) => void
  /** Reports a failure, or, with null, that it works again. */
  readonly onOutcome: (fault: unknown) => void
}

const RETRY_MS = 15_000

/**
 * Deletes the flows that bypass a virtual server, because it did not exist when they began.
 *
 * A client that keeps its port and never pauses (NTP, RADIUS, SIP, WireGuard) keeps such a flow for ever: its packets are
 * forwarded without masquerading, and the answers come from the pod's address. Failures are retried. A round ends at
 * its first failure, which limits its duration.
 */
export function createStaleFlows({ snat, kernel, clock, forgotten, onOutcome }: StaleFlowsOptions): StaleFlows {
  const timers = createTimers<"retry">(clock)
  const waiting = new Map<string, VirtualServer>()
  let failing = false
  let round: Promise<void> | null = null

  const forgetAll = async () => {
    try {
      for (const [name, server] of waiting) {
        const flows = await kernel.forgetFlows(server)
        // A virtual server that appeared again meanwhile is processed again.
        if (waiting.get(name) === server) waiting.delete(name)
        if (flows > 0) forgotten(name, flows)
      }
      if (failing) onOutcome(null)
      failing = false
    } catch (error) {
      if (!failing) onOutcome(error)
      failing = true
      timers.set("retry", RETRY_MS, start)
    }
  }
  const start = () => {
    round ??= forgetAll().finally(() => {
      round = null
      // Process what was added during the last round.
      if (waiting.size > 0 && !failing) start()
    })
  }
  return {
    appeared: (servers) => {
      if (snat === "none" || servers.length === 0) return
      for (const server of servers) waiting.set(virtualServerKey(server), { ...server })
      start()
    },
    idle: async () => {
      while (round !== null) await round
    },
    stop: () => timers.stop(),
  }
}
