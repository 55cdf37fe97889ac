import { virtualServerKey } from "../../core/model/keepalived-model.ts"
import { compare } from "../../kit/problem.ts"
import { firstOf } from "../../kit/text/format.ts"
import {
  type AddressDifferences,
  addressDifferences,
  addressTexts,
  type IntendedInstance,
  type KernelAddresses,
  missingText,
} from "./addresses.ts"
import type { KernelRealServer, KernelVirtualServer, VirtualServerKey } from "../ports.ts"

/** What the kernel must show when a configuration is in effect. */
export interface IntendedEffect {
  readonly instances: readonly IntendedInstance[]
  readonly virtualServers: readonly IntendedVirtualServer[]
}

export interface IntendedVirtualServer extends VirtualServerKey {
  readonly scheduler: string
  readonly forwardingMethod: KernelRealServer["forwardingMethod"]
  /** Seconds; null for no persistence. Absent: any. */
  readonly persistenceTimeout?: number | null
  readonly realServers: readonly IntendedRealServer[]
  /** True when keepalived checks the real servers: they may then be absent, or have weight 0. */
  readonly checked: boolean
}

export interface IntendedRealServer {
  readonly address: string
  readonly port: number
  readonly weight: number
}

export interface KernelState {
  readonly addresses: KernelAddresses
  /** Null where the kernel has no IPVS. */
  readonly virtualServers: readonly KernelVirtualServer[] | null
}

/** Everything that we have added on this node, and so may remove. */
export interface Owned {
  /** As `additionName` spells them. */
  readonly additions: Iterable<string>
  /** As `virtualServerKey` spells them. */
  readonly virtualServers: Iterable<string>
}

export interface RealServerDifference {
  readonly server: VirtualServerKey
  readonly real: { readonly address: string; readonly port: number }
}

/** An entry that exists with a wrong value. `real` is null if the virtual server itself has it. */
export interface WrongValue {
  readonly server: VirtualServerKey
  readonly real: { readonly address: string; readonly port: number } | null
  readonly field: "scheduler" | "persistence" | "forwardingMethod" | "weight"
  readonly intended: string
  readonly actual: string
}

/** All lists are sorted by name. All are empty when the kernel shows what it should. */
export interface Differences extends AddressDifferences {
  readonly missingVirtualServers: readonly VirtualServerKey[]
  /** Ours but not intended. Entries that were never ours are left out. */
  readonly surplusVirtualServers: readonly VirtualServerKey[]
  readonly missingRealServers: readonly RealServerDifference[]
  readonly surplusRealServers: readonly RealServerDifference[]
  readonly wrong: readonly WrongValue[]
}

/** Compares what a configuration intends with what the kernel has. */
export function differences(intended: IntendedEffect, kernel: KernelState, owned: Owned): Differences {
  const found = new Map((kernel.virtualServers ?? []).map((server) => [virtualServerKey(server), server]))
  const asked = new Map(intended.virtualServers.map((server) => [virtualServerKey(server), server]))
  const pairs = [...asked].flatMap(([name, want]) => {
    const have = found.get(name)
    return have === undefined ? [] : [{ want, have }]
  })
  const surplus = [...new Set(owned.virtualServers)].flatMap((name) => (asked.has(name) ? [] : (found.get(name) ?? [])))
  return {
    ...addressDifferences(intended.instances, kernel.addresses, owned.additions),
    missingVirtualServers: keysOf([...asked].flatMap(([name, want]) => (found.has(name) ? [] : [want]))),
    surplusVirtualServers: keysOf(surplus),
    missingRealServers: pairs
      .flatMap(({ want, have }) => (want.checked ? [] : lacking(want, want, have)))
      .toSorted(byName),
    surplusRealServers: pairs.flatMap(({ want, have }) => lacking(want, have, want)).toSorted(byName),
    wrong: pairs.flatMap(({ want, have }) => wrongValues(want, have)).toSorted(byName),
  }
}

/**
 * The differences in one line, at most three of each kind; null when there are none. The roles do not count.
 * `missing: 10.4.0.50, 10.4.0.50 80 TCP; weight of 10.2.1.11:8080 in 10.4.0.50 80 TCP is 0, expected 1`
 */
export function differenceText(found: Differences): string | null {
  const reals = (list: readonly RealServerDifference[]) => list.map(realServerText)
  const missing = [
    ...addressTexts(found.missingVips, found),
    ...found.missingVirtualServers.map(virtualServerKey),
    ...reals(found.missingRealServers),
  ]
  const surplus = [
    ...addressTexts(found.surplusVips, found),
    ...found.surplusVirtualServers.map(virtualServerKey),
    ...reals(found.surplusRealServers),
  ]
  const parts = [
    missingText(found.missingInterfaces),
    listed("missing: ", missing),
    listed("surplus: ", surplus),
    listed("", found.wrong.map(wrongText)),
  ]
  const text = parts.filter((part) => part !== "").join("; ")
  return text === "" ? null : text
}

type ServerWithReals = VirtualServerKey & { readonly realServers: readonly RealServerDifference["real"][] }

/** The real servers that the first has and the second lacks. */
function lacking(
  server: VirtualServerKey,
  having: ServerWithReals,
  other: ServerWithReals,
): readonly RealServerDifference[] {
  const names = new Set(other.realServers.map(realServerName))
  return having.realServers
    .filter((real) => !names.has(realServerName(real)))
    .map(({ address, port }) => ({ server: keyOf(server), real: { address, port } }))
}

function wrongValues(want: IntendedVirtualServer, have: KernelVirtualServer): readonly WrongValue[] {
  const server = keyOf(want)
  const wrong: WrongValue[] = []
  if (want.scheduler !== have.scheduler) {
    wrong.push({ server, real: null, field: "scheduler", intended: want.scheduler, actual: have.scheduler })
  }
  const [intent, fact] = [want.persistenceTimeout, have.persistenceTimeout]
  if (intent !== undefined && fact !== undefined && intent !== fact) {
    const text = (seconds: number | null) => (seconds === null ? "off" : `${seconds} s`)
    wrong.push({ server, real: null, field: "persistence", intended: text(intent), actual: text(fact) })
  }
  const intended = new Map(want.realServers.map((real) => [realServerName(real), real]))
  for (const { address, port, weight, forwardingMethod } of have.realServers) {
    const real = { address, port }
    const wish = intended.get(realServerName(real))
    if (wish === undefined) continue
    // LOCAL: the kernel delivers to itself, whatever the method was; the method is not visible any more.
    if (forwardingMethod !== want.forwardingMethod && forwardingMethod !== "LOCAL") {
      wrong.push({ server, real, field: "forwardingMethod", intended: want.forwardingMethod, actual: forwardingMethod })
    }
    // A failing check sets the weight to 0 (inhibit_on_failure).
    if (weight !== wish.weight && !(want.checked && weight === 0)) {
      wrong.push({ server, real, field: "weight", intended: String(wish.weight), actual: String(weight) })
    }
  }
  return wrong
}

function keyOf({ address, port, protocol }: VirtualServerKey): VirtualServerKey {
  return { address, port, protocol }
}

function keysOf(servers: readonly VirtualServerKey[]): readonly VirtualServerKey[] {
  return servers.map(keyOf).toSorted((a, b) => compare(virtualServerKey(a), virtualServerKey(b)))
}

function realServerName(real: { readonly address: string; readonly port: number }): string {
  return `${real.address}:${real.port}`
}

type Named = { readonly server: VirtualServerKey; readonly real: RealServerDifference["real"] | null }

function byName(a: Named, b: Named): number {
  const real = (named: Named) => (named.real === null ? "" : realServerName(named.real))
  return compare(virtualServerKey(a.server), virtualServerKey(b.server)) || compare(real(a), real(b))
}

function realServerText({ server, real }: RealServerDifference): string {
  return `${realServerName(real)} in ${virtualServerKey(server)}`
}

function wrongText({ server, real, field, intended, actual }: WrongValue): string {
  const whose = real === null ? virtualServerKey(server) : realServerText({ server, real })
  const what = field === "forwardingMethod" ? "forwarding method" : field
  return `${what} of ${whose} is ${actual}, expected ${intended}`
}

const MOST_LISTED = 3

function listed(title: string, names: readonly string[]): string {
  return names.length === 0 ? "" : title + firstOf(names, MOST_LISTED)
}
