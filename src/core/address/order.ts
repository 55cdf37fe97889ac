import { type Words, wordsOf } from "./ip.ts"

/** The order in which people read addresses: by their bits, IPv4 before IPv6. For `sort()`. */
export function compareAddresses(a: string, b: string): number {
  return compareWords(wordsOf(a), wordsOf(b))
}

interface Listed {
  readonly address: string
  readonly port?: number
}

/** Sorts by address, then by port. Returns a sorted list unchanged. */
export function inAddressOrder<T extends Listed>(list: readonly T[]): readonly T[] {
  const keyed = list.map((one) => ({ one, words: wordsOf(one.address), port: one.port ?? 0 }))
  const compare = (a: (typeof keyed)[number], b: (typeof keyed)[number]) =>
    compareWords(a.words, b.words) || a.port - b.port
  const isInOrder = keyed.every((one, at) => {
    const before = keyed[at - 1]
    return before === undefined || compare(before, one) <= 0
  })
  return isInOrder ? list : keyed.toSorted(compare).map(({ one }) => one)
}

function compareWords(a: Words, b: Words): number {
  if (a.length !== b.length) return a.length - b.length
  const at = a.findIndex((word, index) => word !== b[index])
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}
