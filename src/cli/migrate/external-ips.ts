import { isSupported, parseAddress } from "../../core/address/ip.ts"
import type { Placed, Service } from "../../core/objects/kinds.ts"
import { checked } from "./check.ts"
import { createDifferences, type Differences } from "./differences.ts"
import { type MigrationInput, objectsIn } from "./input.ts"
import { EMPTY_TARGET, type Migration, type TargetEntry } from "./target.ts"

/** Migrates Services with `spec.externalIPs`: an entry for each address, and a patch that removes it from the field. */
export function migrateExternalIps(input: MigrationInput): Migration {
  const differences = createDifferences()
  const objects = objectsIn(input, differences)
  const services = [...objects.services.values()].map(({ service }) => service).filter((one) => fieldOf(one).length > 0)
  if (services.length === 0) return { target: null, differences: differences.all() }
  const { entries } = checked(candidatesOf(services, differences), objects, { differences, silent: CLAIMED })
  for (const { address, text, place } of entries) reportEntry(differences, { address, text, place })
  const gone = new Set(entries.map(({ address }) => address))
  const patches = services.flatMap((service) => {
    const { namespace, name } = service.object.metadata
    const before = fieldOf(service)
    const after = before.filter((address) => !gone.has(normal(address)))
    return after.length === before.length ? [] : [{ namespace, name, before, after }]
  })
  return { target: { ...EMPTY_TARGET, entries, patches }, differences: differences.all() }
}

/** What the patches do away with. */
const CLAIMED: ReadonlySet<string> = new Set(["VIP_IS_EXTERNAL_IP"])

function fieldOf({ object }: Placed<Service>): readonly string[] {
  return object.traffic?.externalIPs ?? []
}

function normal(address: string): string {
  return parseAddress(address)?.text ?? address
}

function candidatesOf(services: readonly Placed<Service>[], differences: Differences): readonly TargetEntry[] {
  const lines = new Map<string, { readonly place: TargetEntry["place"]; readonly names: Set<string> }>()
  for (const service of services) {
    const { place } = service
    const name = `${service.object.metadata.namespace}/${service.object.metadata.name}`
    for (const address of fieldOf(service))
      if (!isSupported(address))
        differences.missing({
          place,
          was: `Service ${name}: externalIPs: ${address}`,
          becomes: "the same field: this release announces IPv4 addresses only",
          todo: "keep what announces it",
        })
      else if (lines.has(address)) lines.get(address)?.names.add(name)
      else lines.set(address, { place, names: new Set([name]) })
  }
  return [...lines].map(([address, { place, names }]) => ({ address, place, text: textOf([...names]) }))
}

function textOf(names: readonly string[]): string {
  return names.length === 1 ? names.join("") : `${names.join("\n")}\n`
}

function reportEntry(differences: Differences, { address, text, place }: TargetEntry): void {
  differences.different({
    place,
    was: `externalIPs: ${address} of ${text}`,
    becomes: "an entry: kube-proxy forwards it on every node until the field is gone, IPVS on the master afterwards",
    todo: "stop what announces the address now, then follow the steps below",
  })
}
