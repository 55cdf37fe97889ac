import { lstatSync } from "node:fs"
import { basename, dirname, join } from "node:path"

import type { Decoded } from "../../contract/decode-file.ts"
import { SCHEMA } from "../../contract/layout.ts"
import { decodePin, type Pin, PIN_FILE } from "../../contract/node/pin.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"

/** Maximum size; a status has some hundred bytes for each VIP and each problem. */
const LARGEST = 16 * 1024 * 1024

/**
 * Reads a file of the contract.
 *
 * @returns null if it does not exist.
 * @throws when it cannot be read, or this release does not understand it.
 */
export function readContractFile<T>(file: string, decode: (text: string) => Decoded<T>): T | null {
  const text = readIfPresent(file)
  return text === null ? null : decodedOrThrow(file, decode(text))
}

/** The pin of a node; null if there is none. @throws when it cannot be read. */
export function readPin(state: string): Pin | null {
  return readContractFile(join(state, PIN_FILE), decodePin)
}

/**
 * The value of a file of the contract.
 *
 * @param file The file's path, for the message.
 * @throws when it cannot be read, or another release wrote it.
 */
export function decodedOrThrow<T>(file: string, decoded: Decoded<T>): T {
  switch (decoded.kind) {
    case "value":
      return decoded.value
    case "unknown-schema":
      throw new Error(
        `Cannot read ${file}: its schema is ${decoded.schema}, this release expects ${SCHEMA}; use the kkv beside it`,
      )
    case "problems":
      throw new Error(
        `Cannot read ${file}: ${decoded.problems.map(({ message }) => message.replace(BEGIN, "")).join("; ")}`,
      )
  }
}

/** A problem names the file without its path, for people who know where it lies. */
const BEGIN = /^Cannot read \S+: /

/**
 * The text of a file on a volume. Sync or another program may have written it, so this follows no link and waits for no
 * fifo. Null if it does not exist.
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

/** @throws if the directory of a generation, or its parent, is a link that leads elsewhere, or not a directory. */
export function assertGeneration(directory: string): void {
  for (const path of [dirname(directory), directory]) {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat === undefined) throw new Error(`Cannot read "${path}": the directory does not exist; ${POINTED}`)
    if (!stat.isDirectory())
      throw new Error(`Cannot read "${basename(path)}" in "${dirname(path)}": it is not a directory`)
  }
}

const POINTED = "sync may have removed it just now: try again"
