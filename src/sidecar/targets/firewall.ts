import { type KeepalivedModel, vipsOf } from "../../core/model/keepalived-model.ts"
import { needsMasquerade } from "../../core/model/refusal.ts"
import { compare } from "../../kit/problem.ts"
import { isSameSet } from "../../kit/same-set.ts"
import type { Clock } from "../../kit/time/clock.ts"
import { createTimers } from "../../kit/time/named-timers.ts"
import type { Snapshot } from "../agent/state.ts"
import { ACCEPTED, type Change, type Target, type Verdict } from "../apply/target.ts"
import { masqueradedVips } from "../effect/intended.ts"
import { type Kernel, MasqueradeFault } from "../ports.ts"

/** The rules of this node's firewall that the VIPs need. */
export interface Firewall extends Required<Pick<Target, "prepare" | "conclude" | "compare">> {
  stop(): void
}

export interface FirewallOptions {
  readonly snat: "masquerade" | "none"
  readonly kernel: Pick<Kernel, "masquerade">
  readonly clock: Clock
  /** VIPs that our chain should masquerade for at any time: those in effect, and those that wait. */
  readonly wanted: () => readonly string[]
  /** Another program had changed the chain, and it is as expected again. */
  readonly repaired: (difference: string) => void
  /** The chain cannot be changed for this reason; null: it can be changed again. */
  readonly onOutcome: (fault: MasqueradeFault | null) => void
}

/** A program that holds the lock of iptables may release it at any time. */
const RETRY_MS = 5_000
const NONE: ReadonlySet<string> = new Set()

/**
 * Keeps our iptables chain as the VIPs need it: the rules of both releases during a change, then those of the one in effect.
 * iptables runs only when the set of VIPs changes, and at each comparison. A failed change is tried again in the background; no
 * other work waits for it a second time.
 */
export function createFirewall(options: FirewallOptions): Firewall {
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
  const ensure = async (models: readonly KeepalivedModel[]): Promise<ReadonlySet<string>> => {
    if (snat === "none") return NONE
    const vips = sorted(models.flatMap(masqueradedVips))
    await inTurn(async () => {
      if (chain.fault() === null && chain.isDue(vips)) await attempt(vips, "memory")
    })
    return chain.lacking(vips)
  }
  return {
    prepare: async (change) => {
      const lacking = await ensure([change.next.model, ...(change.before === null ? [] : [change.before.model])])
      return verdictOn(change, lacking, chain.fault()?.message ?? "it cannot be changed at the moment")
    },
    conclude: async ({ model }) => void (await ensure([model])),
    compare: async () => {
      if (snat === "none") return
      await inTurn(async () => {
        if (chain.fault() === null) await attempt(sorted(wanted()), "kernel")
      })
    },
    stop: () => timers.stop(),
  }
}

/** Refuses new VIPs that lack a rule. A VIP that already forwards by NAT stays: to remove it would do more harm. */
export function verdictOn({ next, before }: Change, lacking: ReadonlySet<string>, reason: string): Verdict {
  const running = new Set(before === null ? [] : masqueradedVips(before.model))
  const vips = vipsOf(next.model).filter(
    (vip) => lacking.has(vip.address) && needsMasquerade(vip) && !running.has(vip.address),
  )
  if (vips.length === 0) return ACCEPTED
  const names = vips.slice(0, 3).map(({ address }) => address)
  return {
    kind: "refused",
    reason: `Cannot apply it yet: the firewall of this node does not masquerade for ${names.join(", ")}`,
    diagnostics: [],
    refused: new Map(vips.map(({ id }) => [id, { code: "MASQUERADE_MISSING", reason }])),
  }
}

/** What is known of our chain, and whether it can be changed. */
function createChain({ kernel, repaired, onOutcome }: FirewallOptions) {
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
    change: async (vips: readonly string[], from: "memory" | "kernel") => {
      try {
        const difference = await kernel.masquerade(vips, from)
        if (difference !== null) repaired(difference)
        seen = new Set(vips)
        isConfirmed = true
        turnOut(null)
      } catch (error) {
        const failed = asFault(error)
        if (failed.vips !== null) seen = new Set(failed.vips)
        isConfirmed = false
        // A missing chain that no VIP needs is not a fault; the next comparison looks for it again.
        turnOut(vips.length === 0 ? null : failed)
      }
    },
    /** Whether these VIPs need a change of the chain. */
    isDue: (vips: readonly string[]) => (isConfirmed ? !isSameSet(seen, new Set(vips)) : vips.length > 0),
    /** The VIPs for which it does not masquerade, as far as known. */
    lacking: (vips: readonly string[]) => (fault === null ? NONE : new Set(vips.filter((vip) => !seen.has(vip)))),
    fault: () => fault,
  }
}

/** VIPs that are forwarded by NAT: in effect, about to be, or waiting for the firewall. */
export function masqueradeWanted({ inEffect, observation }: Snapshot): readonly string[] {
  const running = inEffect === null ? [] : masqueradedVips(inEffect.model)
  if (observation?.kind !== "candidate") return running
  // A comparison must not remove from the chain what an apply has added.
  const coming = masqueradedVips(observation.release.model)
  const waiting = observation.built.entries.filter(({ problems }) =>
    problems.some(({ code }) => code === "MASQUERADE_MISSING"),
  )
  return [...running, ...coming, ...waiting.flatMap(({ address }) => address ?? [])]
}

function sorted(vips: readonly string[]): readonly string[] {
  return [...new Set(vips)].toSorted(compare)
}

function asFault(error: unknown): MasqueradeFault {
  if (error instanceof MasqueradeFault) return error
  return new MasqueradeFault(error instanceof Error ? error.message : String(error), null, { cause: error })
}
