import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import type { Clock } from "../../kit/time/clock.ts"
import { compare } from "../../kit/problem.ts"
import { isSameSet } from "../../kit/same-set.ts"
import { createTimers } from "../../kit/time/named-timers.ts"
import type { Snapshot } from "../agent/state.ts"
import { masqueradedVips } from "./intended.ts"
import { type Kernel, MasqueradeFault } from "../ports.ts"

export interface Masquerader {
  /**
   * Makes our iptables chain masquerade for the VIPs of these models. Never throws.
   *
   * @returns the VIPs that need it and do not have it; empty when all have it.
   */
  ensure(models: readonly KeepalivedModel[]): Promise<ReadonlySet<string>>
  /** The same for the expected VIPs, and reads the kernel: another program may have changed our chain. */
  recheck(): Promise<void>
  /** Why the chain cannot be changed; null when it can. */
  fault(): string | null
  stop(): void
}

export interface MasqueraderOptions {
  readonly snat: "masquerade" | "none"
  readonly kernel: Pick<Kernel, "masquerade">
  readonly clock: Clock
  /** VIPs that our chain should masquerade for at any time: those in effect, and those that wait. */
  readonly wanted: () => readonly string[]
  /** The chain cannot be changed for this reason; null: it can be changed again. */
  readonly onOutcome: (fault: MasqueradeFault | null) => void
}

/** A program that holds the lock of iptables may release it at any time. */
const RETRY_MS = 5_000
const NONE: ReadonlySet<string> = new Set()

/**
 * Keeps our iptables chain as the VIPs need it. iptables runs only when the set of VIPs changes, and at each recheck. A
 * failure is repeated in the background; no other work waits for it a second time.
 */
export function createMasquerader(options: MasqueraderOptions): Masquerader {
  const { snat, clock, wanted } = options
  const timers = createTimers<"retry">(clock)
  const chain = createChain(options)
  let turn: Promise<unknown> = Promise.resolve()

  const inTurn = (work: () => Promise<void>) => {
    const mine = turn.then(work)
    turn = mine
    return mine
  }
  const attempt = async (vips: readonly string[], from: "memory" | "kernel") => {
    await chain.change(vips, from)
    if (chain.fault() !== null)
      timers.set("retry", RETRY_MS, () => void inTurn(() => attempt(sorted(wanted()), "kernel")))
  }
  return {
    ensure: async (models) => {
      if (snat === "none") return NONE
      const vips = sorted(models.flatMap(masqueradedVips))
      await inTurn(async () => {
        if (chain.fault() === null && chain.isDue(vips)) await attempt(vips, "memory")
      })
      return chain.lacking(vips)
    },
    recheck: async () => {
      if (snat === "none") return
      await inTurn(async () => {
        if (chain.fault() === null) await attempt(sorted(wanted()), "kernel")
      })
    },
    fault: () => chain.fault()?.message ?? null,
    stop: () => timers.stop(),
  }
}

/** What is known of our chain, and whether it can be changed. */
interface Chain {
  change(vips: readonly string[], from: "memory" | "kernel"): Promise<void>
  /** Whether these VIPs need a change of the chain. */
  isDue(vips: readonly string[]): boolean
  /** The VIPs for which it does not masquerade, as far as known. */
  lacking(vips: readonly string[]): ReadonlySet<string>
  fault(): MasqueradeFault | null
}

function createChain({ kernel, onOutcome }: Pick<MasqueraderOptions, "kernel" | "onOutcome">): Chain {
  let fault: MasqueradeFault | null = null
  /** The content of the chain when it was last read. */
  let seen = NONE
  /** False when that must be read again. */
  let isConfirmed = false
  const turnOut = (now: MasqueradeFault | null) => {
    const isNews = fault?.message !== now?.message
    fault = now
    if (isNews) onOutcome(now)
  }
  return {
    change: async (vips, look) => {
      try {
        await kernel.masquerade(vips, look)
        seen = new Set(vips)
        isConfirmed = true
        turnOut(null)
      } catch (error) {
        const failed = asFault(error)
        if (failed.vips !== null) seen = new Set(failed.vips)
        isConfirmed = false
        // A missing chain that no VIP needs is not a fault; the next recheck looks for it again.
        turnOut(vips.length === 0 ? null : failed)
      }
    },
    isDue: (vips) => (isConfirmed ? !isSameSet(seen, new Set(vips)) : vips.length > 0),
    lacking: (vips) => (fault === null ? NONE : new Set(vips.filter((vip) => !seen.has(vip)))),
    fault: () => fault,
  }
}

/** VIPs that are forwarded by NAT: in effect, about to be, or waiting for the firewall. */
export function masqueradeWanted({
  inEffect,
  observation,
}: Pick<Snapshot, "inEffect" | "observation">): readonly string[] {
  const running = inEffect === null ? [] : masqueradedVips(inEffect.model)
  if (observation?.kind !== "candidate") return running
  // A recheck must not remove from the chain what an apply has added.
  const coming = masqueradedVips(observation.rendered.model)
  const waiting = observation.built.entries.filter(({ problems }) =>
    problems.some(({ code }) => code === "MASQUERADE_MISSING"),
  )
  return [...running, ...coming, ...waiting.flatMap(({ declaration }) => declaration.addresses.map(({ text }) => text))]
}

function sorted(vips: readonly string[]): readonly string[] {
  return [...new Set(vips)].toSorted(compare)
}

function asFault(error: unknown): MasqueradeFault {
  if (error instanceof MasqueradeFault) return error
  return new MasqueradeFault(error instanceof Error ? error.message : String(error), null, { cause: error })
}
