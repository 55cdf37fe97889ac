import type { VirtualServerKey } from "../ports.ts"
import { fitOf, type Rule } from "./rule.ts"

/** The rules of a chain, in order; empty if the chain does not exist. */
export type ChainReader = (chain: string) => Promise<readonly Rule[]>

/** The rule that takes the packets of a virtual server. */
export interface Taken extends Path {
  readonly rule: Rule
}

/** How a packet reached a rule. */
interface Path {
  /** The chains that lead to the rule, its own last. */
  readonly chains: readonly string[]
  /** The comments of the rules that lead from chain to chain, in that order. */
  readonly comments: readonly string[]
}

export interface TraceOptions {
  readonly chainOf: ChainReader
  /** The interface on which clients' packets arrive. */
  readonly inward: string
  /** Whether a rule that leads to this chain takes the packet finally, whatever the chain contains. */
  readonly isTaker: (chain: string) => boolean
}

/**
 * Follows the packets of new connections to a virtual server through the chains of a table that changes destinations.
 *
 * A packet that a rule sends to the VIP itself, or accepts, continues to IPVS. A rule with a condition that cannot be judged
 * here takes nothing, so that no program is blamed wrongly.
 *
 * @returns the first rule that takes all or some of them; null: they reach IPVS, as far as this table shows.
 * @throws When the chains nest deeper than the kernel allows.
 */
export async function traceFrom(start: string, server: VirtualServerKey, options: TraceOptions): Promise<Taken | null> {
  const end = await trace({ chains: [start], comments: [] }, server, options)
  return typeof end === "string" ? null : end
}

/** `through`: the chain is at its end, or returns. `accepted`: the rest of the table does not apply. */
type End = Taken | "through" | "accepted"

async function trace(path: Path, server: VirtualServerKey, options: TraceOptions): Promise<End> {
  const { chains } = path
  if (chains.length > DEEPEST) throw new Error(`Cannot follow the rules: chains nest deeper than ${DEEPEST}`)
  for (const rule of await options.chainOf(chains.at(-1) ?? "")) {
    const fit = fitOf(rule, server, options.inward)
    if (fit === "none") continue
    const end = await follow(rule, path, { server, options })
    // A rule for some packets only does not decide for the others.
    if (end !== null && (fit === "all" || typeof end !== "string")) return end
  }
  return "through"
}

interface Walker {
  readonly server: VirtualServerKey
  readonly options: TraceOptions
}

/** @returns null if the packet continues with the next rule. */
async function follow(rule: Rule, path: Path, { server, options }: Walker): Promise<End | null> {
  const { verdict } = rule
  switch (verdict.kind) {
    case "take":
      return isTo(verdict.to, server) ? "accepted" : { rule, ...path }
    case "drop":
      return { rule, ...path }
    case "accept":
      return "accepted"
    case "return":
      return "through"
    case "none":
      return null
    case "jump":
    case "goto": {
      if (options.isTaker(verdict.chain)) return { rule, ...path }
      const next = { chains: [...path.chains, verdict.chain], comments: [...path.comments, rule.comment] }
      const end = await trace(next, server, options)
      return end === "through" && verdict.kind === "jump" ? null : end
    }
  }
}

/** Whether a destination is the virtual server itself: such a rule protects its packets from later rules. */
function isTo(to: string | null, { address, port }: VirtualServerKey): boolean {
  return to === address || to === `${address}:${port}`
}

/** Maximum depth of chains. Source: Linux, NFT_JUMP_STACK_SIZE (16). */
const DEEPEST = 32
