import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import type { Others } from "../../core/model/addresses/others.ts"
import { nodeAddressOf } from "../../core/model/addresses/own-nodes.ts"
import type { Vacancies } from "./vacancies.ts"
import type { FirstTime } from "../agent/observe.ts"
import type { Keepalived } from "../ports.ts"
import type { Ledger } from "../volume/ledger.ts"

export interface NewcomerPorts {
  readonly vacancies: Pick<Vacancies, "waiting">
  readonly ledger: () => Promise<Ledger>
  readonly keepalived: Pick<Keepalived, "running">
  /** Name of this node. */
  readonly self: string
}

/**
 * What other programs have, and the VIPs that must not be announced yet: new VIPs until the LAN has answered, and while another
 * station has the address. The sidecar does not ask again for a VIP that runs, once ran on this node, or is in the ledger, so a
 * takeover does not wait. It asks for no VIP while keepalived runs and its ledger is lost, because all VIPs may be announced
 * already.
 */
export async function withNewcomers(
  model: KeepalivedModel,
  found: Others | null,
  { past, ...ports }: NewcomerPorts & { readonly past: FirstTime },
): Promise<Others | null> {
  const { vips, isLost } = await ports.ledger()
  if (isLost && (await ports.keepalived.running()) !== null) return found
  const isNew = (address: string) =>
    !vips.has(address) && !past.announced.has(address) && found?.addresses.has(address) !== true
  const peers = peersOf(past, ports.self)
  const questions = model.instances.map(({ interface: name, anchor, vips: of }) => {
    const addresses = of.map(({ address }) => address).filter(isNew)
    return { addresses, round: { interface: name, anchor, peers } }
  })
  const waiting = ports.vacancies.waiting(questions)
  if (waiting.size === 0) return found
  const addresses = new Map([...(found?.addresses ?? []), ...waiting])
  return { addresses, virtualServers: found?.virtualServers ?? new Set() }
}

function peersOf({ nodes }: FirstTime, self: string): readonly string[] {
  return nodes.flatMap(({ object }) => {
    const address = object.metadata.name === self ? null : nodeAddressOf(object)
    return address === null ? [] : [address]
  })
}
