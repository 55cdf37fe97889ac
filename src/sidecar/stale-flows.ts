import { type VirtualServer, virtualServerKey } from "../core/model/keepalived-model.ts"
import type { Clock } from "../kit/clock.ts"
import { createTimers } from "../kit/timers.ts"
import type { Kernel } from "./ports.ts"

export interface StaleFlows {
  /**
   * These virtual servers have just begun to forward on this node: flows of their clients that began before are forgotten,
   * beside everything else. Never throws.
   */
  appeared(servers: readonly VirtualServer[]): void
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
  stop(): void
}

export interface StaleFlowsOptions {
  readonly snat: "masquerade" | "none"
  readonly kernel: Pick<Kernel, "forgetFlows">
  readonly clock: Clock
  /** So many flows of this virtual server were forgotten. */
  readonly forgotten: (server: string, flows: number) => void
  /** It fails, with this error; or, with null, works again. */
  readonly told: (fault: unknown) => void
}

const RETRY_MS = 15_000

/**
 * Forgets the flows that a virtual server did not get because it was not there when they began.
 *
 * A client that keeps its port and never pauses (NTP, RADIUS, SIP, WireGuard) keeps such a flow for ever: its packets are
 * forwarded without masquerading, and the answers come from the pod's address. What fails is tried again; a round ends at
 * its first failure, so that it takes no longer than that.
 */
export function createStaleFlows({ snat, kernel, clock, forgotten, told }: StaleFlowsOptions): StaleFlows {
  const timers = createTimers<"retry">(clock)
  const waiting = new Map<string, VirtualServer>()
  let failing = false
  let round: Promise<void> | null = null

  const forgetAll = async () => {
    try {
      for (const [name, server] of waiting) {
        const flows = await kernel.forgetFlows(server)
        // One that appeared again meanwhile is looked at again.
        if (waiting.get(name) === server) waiting.delete(name)
        if (flows > 0) forgotten(name, flows)
      }
      if (failing) told(null)
      failing = false
    } catch (error) {
      if (!failing) told(error)
      failing = true
      timers.set("retry", RETRY_MS, start)
    }
  }
  const start = () => {
    round ??= forgetAll().finally(() => {
      round = null
      // Whatever came while the last one was looked at.
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
