import type { Place } from "../../../kit/problem.ts"
import { quoted } from "../../../kit/text/quoted.ts"
import { isSupported, parseAddress } from "../../address/ip.ts"
import type { DeclaredAddress } from "../declaration.ts"
import type { RawEntry } from "../entries.ts"
import { entryLines } from "../entry-lines.ts"
import { keyFault } from "../key-fault.ts"
import type { FieldFault } from "./fields.ts"
import { MOST_ADDRESSES } from "./schema.ts"
import { type FieldPath, LONGEST_MAPPING } from "./value.ts"

/** The addresses of an entry, in the order of the text. Adds what is wrong with the others to `faults`. */
export function addressesIn(
  { addresses }: Readonly<Record<string, unknown>>,
  placeOf: (path: FieldPath) => Place | null,
  faults: FieldFault[],
): readonly DeclaredAddress[] {
  const found = new Map<string, DeclaredAddress>()
  for (const [at, text] of (Array.isArray(addresses) ? addresses.slice(0, MOST_ADDRESSES) : []).entries()) {
    if (typeof text !== "string") continue
    const path = ["addresses", at]
    const report = (code: FieldFault["code"], message: string) => faults.push({ code, path, part: "value", message })
    const fault = keyFault(text, "")
    if (fault !== null) report("BAD_ADDRESS", `Cannot announce ${quoted(text)}: ${fault}`)
    const address = parseAddress(text)
    if (address === null) continue
    if (found.has(address.text))
      report("ADDRESS_DECLARED_TWICE", `Cannot announce ${quoted(text)} twice: name it once in this entry`)
    else found.set(address.text, { ...address, place: placeOf(path) })
  }
  return [...found.values()]
}

/**
 * What looks like an address in a text that cannot be read: the entry does not run, but what ran under one of them may be its own,
 * under another name.
 */
export function addressesBetween({ text, place }: Pick<RawEntry, "text" | "place">): readonly DeclaredAddress[] {
  if (text.length > LONGEST_MAPPING) return []
  const words = entryLines(text).flatMap((line) => line.text.split(/[\s,'"[\]{}]+/))
  const found = [...new Set(words.filter(isSupported))].slice(0, MOST_ADDRESSES)
  return found.flatMap((word) => {
    const address = parseAddress(word)
    return address === null ? [] : [{ ...address, place }]
  })
}
