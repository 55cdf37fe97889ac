import { isInNetwork, type Network } from "../../core/address/network.ts"
import type { VirtualServerKey } from "../ports.ts"

/** The conditions and the action of one rule of a chain, whatever program printed it. */
export interface Rule {
  /** Each of these conditions must hold. */
  readonly destinations: readonly Destination[]
  /** Null: any. In lower case, such as `tcp`. */
  readonly protocols: readonly string[] | null
  /** Destination ports, each range with both ends; null: any. */
  readonly ports: readonly (readonly [first: number, last: number])[] | null
  /** Interfaces on which the packet must, or must not, arrive. */
  readonly interfaces: readonly { readonly name: string; readonly not: boolean }[]
  /** True with a condition that not every packet of a client meets: a source, a probability, a limit. */
  readonly partial: boolean
  /** True with a condition that cannot be judged here, or with a local destination that excludes VIPs. */
  readonly unknown: boolean
  readonly verdict: Verdict
  /** Empty if the rule has none. */
  readonly comment: string
  readonly text: string
}

export interface Destination {
  /** If several, one of them must match. */
  readonly networks: readonly Network[]
  readonly not: boolean
}

export type Verdict =
  | { readonly kind: "jump" | "goto"; readonly chain: string }
  /** Changes the packet's destination. */
  | { readonly kind: "take"; readonly to: string | null }
  | { readonly kind: "drop" | "accept" | "return" | "none" }

/** A rule that is still being read. */
export type RuleDraft = {
  -readonly [K in keyof Rule]: Rule[K]
}

/** A rule without conditions or action so far. */
export function emptyRule(text: string): RuleDraft {
  return {
    destinations: [],
    protocols: null,
    ports: null,
    interfaces: [],
    partial: false,
    unknown: false,
    verdict: { kind: "none" },
    comment: "",
    text,
  }
}

/** Which packets of a virtual server match a rule: all that clients send, some of them, or none as far as known. */
export type Fit = "all" | "some" | "none"

/** @param inward The interface on which clients' packets arrive. */
export function fitOf(rule: Rule, server: VirtualServerKey, inward: string): Fit {
  if (rule.unknown) return "none"
  if (rule.protocols !== null && !rule.protocols.includes(server.protocol.toLowerCase())) return "none"
  if (rule.ports !== null && !rule.ports.some(([first, last]) => server.port >= first && server.port <= last))
    return "none"
  for (const { networks, not } of rule.destinations)
    if (networks.some((network) => isInNetwork(server.address, network)) === not) return "none"
  for (const { name, not } of rule.interfaces) if (isInterface(name, inward) === not) return "none"
  return rule.partial ? "some" : "all"
}

/** `eth+` means each interface whose name begins with "eth"; nft writes `eth*`. */
function isInterface(pattern: string, name: string): boolean {
  return /[+*]$/.test(pattern) ? name.startsWith(pattern.slice(0, -1)) : pattern === name
}

/** Ports as printed: `80`, `8000:8010`, `8000-8010`; null for anything else. */
export function portRangeOf(text: string): readonly [first: number, last: number] | null {
  const [, first, last = first] = /^(\d+)(?:[:-](\d+))?$/.exec(text) ?? []
  return first === undefined ? null : [Number(first), Number(last)]
}
