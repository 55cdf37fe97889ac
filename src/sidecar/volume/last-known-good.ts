import { mkdir, readdir, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { syncDirectory, temporaryName, writeDurably } from "../../kit/files/atomic-file.ts"
import { compare } from "../../kit/problem.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
import { sha256Of } from "../../kit/sha256.ts"
import { encodeAppliedRecord, readAppliedRecord, type AppliedRecord } from "./applied-record.ts"

/** A configuration that ran through the soak, with its text. */
export interface LastKnownGood {
  readonly record: AppliedRecord
  readonly text: string
}

/** state/last-known-good/: on the node, so that it survives the pod. */
export interface LastKnownGoodStore {
  /** The newest one with complete files; a damaged one is skipped for the one before it. */
  read(): LastKnownGood | null
  /** Writes it durably beside the earlier ones, then removes all but the last two. */
  promote(good: LastKnownGood): Promise<void>
}

const KEEP = 2
const NAME = /^\d{10}$/
const LARGEST_CONFIG = 8 * 1024 * 1024

/**
 * Each promotion has its own numbered directory: `last-known-good/<10 digits>/{keepalived.conf,record.json}`. It gets
 * its name only when its files are on the disk, so that a power failure leaves the one before it.
 */
export async function openLastKnownGood(state: string): Promise<LastKnownGoodStore> {
  const root = join(state, "last-known-good")
  await mkdir(root, { recursive: true, mode: 0o700 })
  const names = async () => (await readdir(root)).filter((name) => NAME.test(name)).toSorted(compare)
  for (const name of await readdir(root))
    if (!NAME.test(name)) await rm(join(root, name), { recursive: true, force: true })
  let known = newestWhole(root, await names())
  return {
    read: () => known,
    promote: async (good) => {
      const last = (await names()).at(-1)
      const name = String(Number(last ?? "0") + 1).padStart(10, "0")
      const temporary = join(root, temporaryName(name))
      await mkdir(temporary, { mode: 0o700 })
      await writeDurably(join(temporary, "keepalived.conf"), good.text, 0o600)
      await writeDurably(join(temporary, "record.json"), encodeAppliedRecord(good.record), 0o600)
      await syncDirectory(temporary)
      await rename(temporary, join(root, name))
      await syncDirectory(root)
      known = good
      for (const old of (await names()).slice(0, -KEEP)) await rm(join(root, old), { recursive: true, force: true })
    },
  }
}

function newestWhole(root: string, names: readonly string[]): LastKnownGood | null {
  for (const name of names.toReversed()) {
    const good = readOne(join(root, name))
    if (good !== null) return good
  }
  return null
}

function readOne(directory: string): LastKnownGood | null {
  const record = readAppliedRecord(join(directory, "record.json"))
  const conf = readRegularFile(join(directory, "keepalived.conf"), LARGEST_CONFIG)
  if (record === null || conf.kind !== "file") return null
  if (sha256Of(conf.bytes) !== record.sha256) return null
  return { record, text: conf.bytes.toString() }
}
