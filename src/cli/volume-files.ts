import { lstatSync } from "node:fs"
import { basename, dirname } from "node:path"

import type { Decoded } from "../contract/decode.ts"
import { readRegularFile } from "../kit/safe-read.ts"
import { decodedOrThrow } from "./decoded.ts"

/** A status has some hundred bytes for each VIP and each problem. */
const LARGEST = 16 * 1024 * 1024

/**
 * Reads a file of the contract.
 *
 * @returns null when there is none.
 * @throws when it cannot be read, or says nothing that this release understands.
 */
export function readContractFile<T>(file: string, decode: (text: string) => Decoded<T>): T | null {
  const text = readIfPresent(file)
  return text === null ? null : decodedOrThrow(file, decode(text))
}

/**
 * The text of a file on a volume, which sync may have made, or whoever took its place: no link is followed, no fifo waited
 * for; null when there is none.
 *
 * @throws on every other fault.
 */
export function readIfPresent(file: string): string | null {
  const read = readRegularFile(file, LARGEST)
  switch (read.kind) {
    case "file":
      return read.bytes.toString("utf8")
    case "absent":
      return null
    case "unsafe":
      throw new Error(`Cannot read "${file}": ${read.reason}`)
  }
}

/** @throws where the directory of a generation, or the one above it, is a link that leads elsewhere, or no directory. */
export function assertGeneration(directory: string): void {
  for (const path of [dirname(directory), directory]) {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat === undefined) throw new Error(`Cannot read "${path}": there is no such directory; ${POINTED}`)
    if (!stat.isDirectory())
      throw new Error(`Cannot read "${basename(path)}" in "${dirname(path)}": it is no directory`)
  }
}

const POINTED = "sync may have removed it just now: try again"
