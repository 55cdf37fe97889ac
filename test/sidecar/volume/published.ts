import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"

import { decodePointer, encodePointer, type Pointer } from "../../../src/contract/pointer.ts"
import type { Generation, Generations, Reading } from "../../../src/sidecar/ports.ts"
import { createGenerations } from "../../../src/sidecar/volume/generations.ts"
import { nodeText, serviceText, vipsText } from "../../support/manifests.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { publicationOf, publisherOf } from "../../support/volume.ts"

const publication = (address: string) =>
  publicationOf(
    vipsText("10.4.0.50: default/echo", "10.4.0.51: default/other"),
    serviceText("other", ["10.2.1.1"]),
    serviceText("echo", [address]),
    nodeText("n1", "10.4.0.3"),
  )
/** Two VIPs with a Service each. */
export const first = publication("10.2.0.1")
/** The same, but for the address behind default/echo. */
export const second = publication("10.2.0.2")

interface Volume {
  readonly directory: string
  /** Reads the volume; has read nothing yet. */
  readonly generations: Generations
  /** What the reader was alarmed about. */
  readonly alarms: string[]
  /** Path of the generation published first. */
  readonly path: string
}

/** A test on a volume in which `first` is published. */
export function check(name: string, body: (volume: Volume) => Promise<void>): void {
  test(name, () =>
    withTemporaryDirectory(async (directory) => {
      const published = await publisherOf(directory).publish(first)
      const alarms: string[] = []
      const generations = createGenerations({ directory, alarm: (reason) => void alarms.push(reason) })
      await body({ directory, generations, alarms, path: join(directory, "generations", published.directory) })
    }),
  )
}

/** @throws where nothing was read. */
export function generationOf(reading: Reading): Generation {
  if (reading.kind === "generation") return reading.generation
  throw new Error(`Cannot go on: ${JSON.stringify(reading)}`)
}

/** What current.json says. */
export function pointerOf(directory: string): Pointer {
  const decoded = decodePointer(readFileSync(join(directory, "current.json"), "utf8"))
  if (decoded.kind === "value") return decoded.value
  throw new Error("Cannot go on: there is no pointer")
}

/** Has current.json say something else, otherwise as it was. */
export function point(directory: string, change: Partial<Pointer>): void {
  writeFileSync(join(directory, "current.json"), encodePointer({ ...pointerOf(directory), ...change }))
}
