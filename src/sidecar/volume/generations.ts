import { lstatSync } from "node:fs"
import { join } from "node:path"

import {
  GENERATIONS_DIRECTORY,
  MAXIMUM_POINTER_BYTES,
  POINTER_FILE,
  SCHEMA,
  sequenceOf,
} from "../../contract/layout.ts"
import { decodePointer, isSameWriter, type Pointer } from "../../contract/pointer.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
import type { Generation, Generations, Reading } from "../ports.ts"
import { createGenerationReader, type GenerationReader } from "./generation-reader.ts"

/** Maximum reads of the pointer while retention removes the generation that it named. */
const RETENTION_RACES = 3

export interface GenerationsOptions {
  /** The volume, such as `/run/kkv/desired`. */
  readonly directory: string
  /** Reports what is accepted but should not happen, such as a writer that restarts its sequence. */
  readonly alarm: (reason: string) => void
  /** Reads what the pointer names; a reader of its own if absent. */
  readonly reader?: GenerationReader
}

/**
 * Reads the volume that sync writes. A generation is trusted only when `current.json` names it and every size and
 * checksum agrees. Files are read again only when the pointer changes, and then only those that changed.
 */
export function createGenerations({ directory, alarm, ...options }: GenerationsOptions): Generations {
  const reader = options.reader ?? createGenerationReader()
  let last: Accepted | null = null
  function readOnce(): Reading {
    for (let race = 0; ; race++) {
      const found = readPointer(directory)
      if (found.kind !== "pointer") return found
      if (last?.text === found.text) return { kind: "generation", generation: last.generation }
      const objection = last === null ? null : orderObjection(last.pointer, found.pointer)
      if (objection !== null) return { kind: "refused", reason: objection, problems: [] }
      const reading = readNamed(directory, found.pointer, reader)
      if (reading.kind === "gone") {
        if (race < RETENTION_RACES) continue
        return { kind: "torn", reason: `${POINTER_FILE} names ${found.pointer.directory}: ${reading.what} is missing` }
      }
      if (reading.kind !== "generation") return reading
      const doubt = last === null ? null : followedWithAlarm(last.pointer, found.pointer)
      if (doubt !== null) alarm(doubt)
      last = { text: found.text, pointer: found.pointer, generation: reading.generation }
      return reading
    }
  }
  return { read: () => new Promise((resolve) => resolve(readOnce())) }
}

/**
 * Reads one generation directory by its path, without a pointer: an unpacked archive, or the last good
 * generation. Every size and checksum must agree with its manifest.
 */
export function readDirectory(path: string): Reading {
  const reading = createGenerationReader()(path, null)
  return reading.kind === "gone" ? { kind: "absent" } : reading
}

interface Accepted {
  readonly text: string
  readonly pointer: Pointer
  readonly generation: Generation
}

type PointerReading =
  | { readonly kind: "pointer"; readonly text: string; readonly pointer: Pointer }
  | Exclude<Reading, { readonly kind: "generation" }>

function readPointer(directory: string): PointerReading {
  const read = readRegularFile(join(directory, POINTER_FILE), MAXIMUM_POINTER_BYTES)
  if (read.kind === "absent") return { kind: "absent" }
  if (read.kind === "unsafe") {
    return { kind: "refused", reason: `Cannot read ${POINTER_FILE}: ${read.reason}`, problems: [] }
  }
  const text = read.bytes.toString("utf8")
  const decoded = decodePointer(text)
  switch (decoded.kind) {
    case "value":
      return { kind: "pointer", text, pointer: decoded.value }
    case "unknown-schema": {
      const reason = `Cannot read ${POINTER_FILE}: it has schema ${decoded.schema}, expected ${SCHEMA}; update the older container`
      return { kind: "refused", reason, problems: [] }
    }
    case "problems": {
      const reason = decoded.problems.map(({ message }) => message).join("; ")
      // An incomplete text may be complete a moment later; a complete text with other content does not repair itself.
      if (decoded.problems.some(({ code }) => code === "CONTRACT_SYNTAX")) return { kind: "torn", reason }
      return { kind: "refused", reason, problems: decoded.problems }
    }
  }
}

function readNamed(directory: string, pointer: Pointer, reader: GenerationReader) {
  const generations = join(directory, GENERATIONS_DIRECTORY)
  const stat = lstatSync(generations, { throwIfNoEntry: false })
  if (stat !== undefined && !stat.isDirectory()) {
    return { kind: "refused", reason: `Cannot read ${generations}: it is not a directory`, problems: [] } as const
  }
  // The pointer's schema limits the name's form: no separator, no dots.
  return reader(join(generations, pointer.directory), pointer.manifestSha256)
}

/** A writer never counts back, and never publishes two contents under one number. */
function orderObjection(last: Pointer, next: Pointer): string | null {
  if (!isSameWriter(last.writer, next.writer)) return null
  if (next.sequence < last.sequence) {
    return `${POINTER_FILE} went back from sequence ${last.sequence} to ${next.sequence} without a new writer`
  }
  if (next.sequence === last.sequence && next.manifestSha256 !== last.manifestSha256) {
    return `${POINTER_FILE} has other content under the same sequence ${next.sequence}`
  }
  return null
}

/** A new writer may have found an empty volume: a wiped volume must not block its reader, but users should know of it. */
function followedWithAlarm(last: Pointer, next: Pointer): string | null {
  if (isSameWriter(last.writer, next.writer)) return null
  if (next.sequence > last.sequence || next.manifestSha256 === last.manifestSha256) return null
  return `A new writer went back from sequence ${last.sequence} to ${next.sequence}: was the volume emptied?`
}

/** The unpacked generation of an archive, under its original name. */
export function readUnpacked(path: string, name: string): Promise<Reading> {
  const reading = readDirectory(path)
  const sequence = sequenceOf(name) ?? 0
  return Promise.resolve(
    reading.kind === "generation"
      ? { ...reading, generation: { ...reading.generation, name, sequence, path } }
      : reading,
  )
}
