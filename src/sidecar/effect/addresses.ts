import { compare } from "../../kit/problem.ts"

/** The addresses of a VRRP instance: they are on its interface if, and only if, this node is its MASTER. */
export interface IntendedInstance {
  readonly name: string
  readonly interface: string
  readonly anchor: string
  readonly vips: readonly string[]
}

/** An address on an interface, always with prefix /32. */
export interface AddressOn {
  readonly address: string
  readonly interface: string
}

/** Interface -> its addresses. An interface that does not exist is absent. */
export type KernelAddresses = ReadonlyMap<string, ReadonlySet<string>>

/** This node's role in a VRRP instance, as the anchor in the kernel shows it. */
export type KernelRole = "MASTER" | "BACKUP"

/** All lists are sorted by name. All are empty when the kernel shows what it should. */
export interface AddressDifferences {
  /** Name of an instance -> the role; an instance whose interface does not exist is absent. */
  readonly roles: ReadonlyMap<string, KernelRole>
  /** Interfaces of instances that do not exist. Nothing is expected on them. */
  readonly missingInterfaces: readonly string[]
  /** VIPs that are missing; only a MASTER can lack one. */
  readonly missingVips: readonly AddressOn[]
  /** Ours but not intended; on a BACKUP, all of ours. */
  readonly surplusVips: readonly AddressOn[]
}

/**
 * Compares the addresses of instances with those of their interfaces.
 *
 * @param additions What we have added, as `additionName` spells it.
 */
export function addressDifferences(
  instances: readonly IntendedInstance[],
  addresses: KernelAddresses,
  additions: Iterable<string>,
): AddressDifferences {
  const has = ({ address, interface: name }: AddressOn) => addresses.get(name)?.has(address) === true
  const roles = new Map<string, KernelRole>()
  const expected = new Map<string, AddressOn>()
  const ours = new Map([...additions].map((name) => [name, additionOf(name)]))
  for (const instance of instances) {
    if (!addresses.has(instance.interface)) continue
    const all = additionsOf(instance)
    const isMaster = all.slice(0, 1).every(has)
    roles.set(instance.name, isMaster ? "MASTER" : "BACKUP")
    for (const one of all) ours.set(additionName(one), one)
    if (isMaster) for (const one of all) expected.set(additionName(one), one)
  }
  const missingInterfaces = new Set(instances.map((one) => one.interface).filter((name) => !addresses.has(name)))
  return {
    roles,
    missingInterfaces: [...missingInterfaces].toSorted(compare),
    missingVips: [...expected.values()].filter((one) => !has(one)).toSorted(byAddition),
    surplusVips: [...ours.values()].filter((one) => has(one) && !expected.has(additionName(one))).toSorted(byAddition),
  }
}

/** The addresses that an instance adds to its interface, its anchor first. */
export function additionsOf({ anchor, vips, interface: name }: IntendedInstance): readonly AddressOn[] {
  return [anchor, ...vips].map((address) => ({ address, interface: name }))
}

/** A unique name of an address on an interface: `10.4.0.50 eth0`. */
export function additionName({ address, interface: name }: AddressOn): string {
  return `${address} ${name}`
}

/** The opposite of `additionName`. */
export function additionOf(name: string): AddressOn {
  const [address = "", interfaceName = ""] = name.split(" ", 2)
  return { address, interface: interfaceName }
}

function byAddition(a: AddressOn, b: AddressOn): number {
  return compare(additionName(a), additionName(b))
}

/** Addresses for people. With one instance, its interface is known. */
export function addressTexts(
  list: readonly AddressOn[],
  { roles, missingInterfaces }: Pick<AddressDifferences, "roles" | "missingInterfaces">,
): readonly string[] {
  const isPlain = roles.size === 1 && missingInterfaces.length === 0
  return list.map((one) => (isPlain ? one.address : `${one.address} on ${one.interface}`))
}

/** `interface "eth1" does not exist`; empty when all exist. */
export function missingText(interfaces: readonly string[]): string {
  return interfaces.map((name) => `interface "${name}" does not exist`).join("; ")
}
