import { ADDRESS } from "../../core/address/pattern.ts"
import { decodeLargeFile } from "../../core/objects/decode.ts"
import { createJoin } from "../../core/objects/join.ts"
import type { ClusterObjects } from "../../core/objects/kinds.ts"
import type { Problem } from "../../kit/problem.ts"
import { listed } from "../../kit/text/format.ts"
import type { FileText } from "../input/files.ts"
import type { Difference, Differences } from "./differences.ts"

/** What a migration reads. */
export interface MigrationInput {
  readonly files: readonly FileText[]
  /** Files that cannot be read at all. */
  readonly problems: readonly Problem<string>[]
  /** `namespace/name` of each ConfigMap with entries; empty: the input says it. */
  readonly servicesConfigmaps: readonly string[]
}

/** The objects in the files. What cannot be read is a difference without an equivalent. */
export function objectsIn({ files, problems }: MigrationInput, differences: Differences): ClusterObjects {
  const joined = createJoin()(files.map(({ file, text }) => decodeLargeFile(file, text)))
  reportUnreadable([...problems, ...joined.problems], differences)
  return joined.value
}

/** Reports what cannot be read. */
export function reportUnreadable(problems: readonly Problem<string>[], differences: Differences): void {
  for (const { code, place, message, severity } of problems) {
    const said = { place, was: `${code}: ${message}`, becomes: "nothing of it is read" }
    if (severity === "error") differences.broken({ ...said, todo: "correct it, and run kkv migrate again" })
  }
}

/**
 * The addresses that stand in a part of the input that cannot be read, or in a line that the report shortens, so that none is lost
 * silently.
 *
 * @param outputs All that is written so far.
 */
export function lostAddresses(
  { files }: MigrationInput,
  { differences, outputs }: { readonly differences: readonly Difference[]; readonly outputs: readonly string[] },
): readonly Difference[] {
  const known = new Set(outputs.flatMap(addressesIn))
  const broken = new Set(differences.flatMap((one) => (one.isBroken && one.place !== null ? one.place.file : [])))
  const texts = [
    ...files.filter(({ file }) => broken.has(file)),
    ...differences.map(({ was, place }) => ({ file: place?.file ?? "", text: was })),
  ]
  return texts.flatMap(({ file, text }): readonly Difference[] => {
    const lost = [...new Set(addressesIn(text))].filter((address) => !known.has(address))
    if (lost.length === 0) return []
    for (const address of lost) known.add(address)
    const place = file === "" ? null : { file, line: null, column: null }
    const was = `addresses in a part that is not read: ${listed(lost, MOST_LISTED)}`
    const todo = "look whether one of them is a VIP"
    return [{ hasEquivalent: false, isBroken: false, place, was, becomes: "nothing", todo }]
  })
}

/** Maximum addresses that one line lists. */
const MOST_LISTED = 200

/** Everything that looks like an address. */
export function addressesIn(text: string): readonly string[] {
  return [...text.matchAll(LOOKS_LIKE_ADDRESS)].map(([address]) => address)
}

const LOOKS_LIKE_ADDRESS = new RegExp(String.raw`(?<![\d.])${ADDRESS}(?![\d.])`, "g")
