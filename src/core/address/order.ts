import { bitsOf } from "./ip.ts"

/** The order in which people read addresses: by their bits, IPv4 before IPv6. For `sort()`. */
export function compareAddresses(a: string, b: string): number {
  return comparePlaces(placeOf(a), placeOf(b))
}

interface Listed {
  readonly address: string
  readonly port?: number
}

/** Sorts by address, then by port. Returns a sorted list unchanged. */
export function inAddressOrder<T extends Listed>(list: readonly T[]): readonly T[] {
  const keyed = list.map((one) => ({ one, place: placeOf(one.address), port: one.port ?? 0 }))
  const compare = (a: (typeof keyed)[number], b: (typeof keyed)[number]) =>
    comparePlaces(a.place, b.place) || a.port - b.port
  const isInOrder = keyed.every((one, at) => {
    const before = keyed[at - 1]
    return before === undefined || compare(before, one) <= 0
  })
  return isInOrder ? list : keyed.toSorted(compare).map(({ one }) => one)
}

/** The bits of an address; those of IPv6 come after all of IPv4. */
function placeOf(address: string): bigint {
  return address.includes(":") ? bitsOf(address) + (1n << 32n) : bitsOf(address)
}

function comparePlaces(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
