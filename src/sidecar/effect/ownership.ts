import { isAlone } from "../../core/address/network.ts"
import {
  addressesOf,
  type KeepalivedModel,
  virtualServerKey,
  type VrrpInstance,
} from "../../core/model/keepalived-model.ts"
import type { Holder, Others } from "../../core/model/addresses/others.ts"
import { tracesOf } from "./intended.ts"
import type { Keepalived, Kernel, KernelAddress } from "../ports.ts"
import type { Ledger } from "../volume/ledger.ts"

export interface OwnershipPorts {
  readonly kernel: Pick<Kernel, "allAddresses" | "virtualServers">
  readonly keepalived: Pick<Keepalived, "running">
  readonly ledger: () => Promise<Ledger>
}

/**
 * What other programs on this host have, if the model asks for any of it; otherwise null. Everything that exists and is not in
 * the ledger belongs to another program, even when an entry names it. Looks only if the model names something that the
 * ledger lacks.
 */
export async function othersIn(model: KeepalivedModel, ports: OwnershipPorts): Promise<Others | null> {
  const ledger = await ports.ledger()
  const traces = tracesOf(model)
  const isClaimed =
    traces.additions.every((one) => ledger.additions.has(one)) &&
    traces.virtualServers.every((name) => ledger.virtualServers.has(name))
  if (isClaimed || ports.kernel.allAddresses === undefined) return null
  const found = await ports.kernel.allAddresses()
  const lost = ledger.isLost ? model.instances.flatMap((instance) => lostVips(instance, found)) : []
  const own = new Set([...ledger.vips, ...lost])
  const addresses = new Map(found.flatMap((one) => (own.has(one.address) ? [] : [holderOf(one)])))
  const virtualServers = await serversOfOthers(ports, { ledger, own })
  const isConcerned =
    addressesOf(model).some((address) => addresses.has(address)) ||
    traces.virtualServers.some((name) => virtualServers.has(name))
  return isConcerned ? { addresses, virtualServers } : null
}

function holderOf({ address, interface: name, prefixLength }: KernelAddress): readonly [string, Holder] {
  return [address, { kind: "host", interface: name, prefixLength }]
}

/**
 * The addresses of an instance that an earlier keepalived of ours left, when the ledger is lost. keepalived adds all of them
 * like the anchor, which only we have: to the same interface, with prefix /32 and, from release 2.3.2 on, with the protocol "keepalived".
 */
function lostVips(instance: VrrpInstance, found: readonly KernelAddress[]): readonly string[] {
  const isOurs = (one: KernelAddress) => one.interface === instance.interface && isAlone(one)
  const anchor = found.find((one) => isOurs(one) && one.address === instance.anchor)
  if (anchor === undefined) return []
  return found.filter((one) => isOurs(one) && one.protocol === anchor.protocol).map(({ address }) => address)
}

/**
 * Virtual servers carry no mark. When the ledger is lost, those of a keepalived that still runs count as ours, and those on
 * our addresses do too: a working VIP must not be removed.
 */
async function serversOfOthers(
  { kernel, keepalived }: OwnershipPorts,
  { ledger, own }: { readonly ledger: Ledger; readonly own: ReadonlySet<string> },
): Promise<ReadonlySet<string>> {
  const servers = (await kernel.virtualServers()) ?? []
  if (ledger.isLost && (await keepalived.running()) !== null) return new Set()
  const others = servers.filter((server) => !(ledger.isLost && own.has(server.address)))
  return new Set(others.map(virtualServerKey).filter((name) => !ledger.virtualServers.has(name)))
}
