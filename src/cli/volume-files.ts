import { readFileSync } from "node:fs"

import type { Decoded } from "../contract/decode.ts"
import { faultCode } from "../kit/fault.ts"
import { decodedOrThrow } from "./decoded.ts"

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

/** A file's text; null when there is none. @throws on every other fault. */
export function readIfPresent(file: string): string | null {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    if (faultCode(error) === "ENOENT" || faultCode(error) === "ENOTDIR") return null
    throw new Error(`Cannot read "${file}"`, { cause: error })
  }
}
