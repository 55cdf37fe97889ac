import { linkSync, readdirSync, renameSync, rmSync, unlinkSync } from "node:fs"
import { mkdir, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import * as z from "zod"
import { replaceFileAtOnce, syncDirectoryAtOnce, temporaryName } from "../../kit/files/atomic-file.ts"
import { faultCode } from "../../kit/fault.ts"
import { readJson, readRegularFile } from "../../kit/files/safe-read.ts"
import { sha256Of } from "../../kit/sha256.ts"
import type { ApplyRecords, Journal } from "../apply/ports.ts"
import type { ConfigFiles } from "../targets/keepalived.ts"
import { LEDGER_FILE, type LedgerFile, type LedgerPlaces, openLedger } from "./ledger.ts"

export interface AppliedVolume extends ApplyRecords, ConfigFiles, LedgerFile {
  /** Removes the candidates that are not named, and temporary files of a crash. */
  retain(keep: ReadonlySet<string>): Promise<void>
  /** The text of a candidate, or of the live file, with this sha256; null when there is none. */
  candidate(sha256: string): string | null
}

/** Maximum size of a keepalived.conf: 1,000 VIPs with 20 real servers each are 2 MB. */
const LARGEST_CONFIG = 8 * 1024 * 1024

/**
 * The files below applied/, a volume in memory. The writes between a change and its SIGHUP are synchronous.
 *
 * @param backup Returns the text of the last known good configuration, if a candidate to restore is gone.
 * @param ledgers The copy of the ledger, and the boot for which it is valid.
 */
export async function openAppliedVolume(
  directory: string,
  backup: (sha256: string) => Promise<string | null>,
  ledgers: LedgerPlaces = { boot: null, copy: null, failed: () => undefined },
): Promise<AppliedVolume> {
  const candidates = join(directory, "candidates")
  const live = join(directory, "keepalived.conf")
  await mkdir(candidates, { recursive: true, mode: 0o700 })
  await removeHalfWritten(directory)
  await removeHalfWritten(candidates)
  const pathOf = (sha256: string) => join(candidates, `${sha256}.conf`)
  const candidate = (sha256: string) => textWithDigest(pathOf(sha256), sha256) ?? textWithDigest(live, sha256)
  const writeCandidate = async (sha256: string, text: string) => {
    // Do not trust the name: a crash, or a full disk, may have left a shorter file with it.
    if (textWithDigest(pathOf(sha256), sha256) === null) replaceFileAtOnce(pathOf(sha256), text, OWN_MODE)
    return pathOf(sha256)
  }
  const ledger = openLedger(join(directory, LEDGER_FILE), ledgers)
  return {
    writeCandidate,
    candidate,
    restoreCandidate: async (sha256) => {
      if (textWithDigest(pathOf(sha256), sha256) !== null) return
      const text = candidate(sha256) ?? (await backup(sha256))
      if (text === null)
        throw new Error(`Cannot go back to configuration ${sha256}: its file is gone from "${candidates}"`)
      await writeCandidate(sha256, text)
    },
    makeLive: async (sha256) => {
      const temporary = join(directory, temporaryName("keepalived.conf"))
      const source = isLinked(pathOf(sha256), temporary) ? temporary : pathOf(sha256)
      renameSync(source, live)
      // If both names are already the same file, rename(2) does nothing and leaves both.
      rmSync(temporary, { force: true })
      syncDirectoryAtOnce(directory)
    },
    liveSha256: () => Promise.resolve(digestOf(live)),
    journal: () => Promise.resolve(readJournal(join(directory, "journal.json"))),
    writeJournal: async (journal) =>
      replaceFileAtOnce(join(directory, "journal.json"), `${JSON.stringify({ schema: 1, ...journal })}\n`, OWN_MODE),
    ...ledger,
    // Synchronous: between two turns an attempt might write the candidate that is to be the next live file.
    retain: async (keep) => {
      for (const name of readdirSync(candidates))
        if (!keep.has(name.replace(/\.conf$/, ""))) unlinkSync(join(candidates, name))
    },
  }
}

/** On a volume in memory a link takes an inode like a file: if none is left, the candidate itself must move. */
function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (faultCode(error) === "ENOSPC") return false
    throw error
  }
}

/** Readable only by our own user, which keepalived uses too. In applied/ only status.yaml is for others. */
const OWN_MODE = 0o600

const journalSchema = z.object({
  schema: z.literal(1),
  phase: z.enum(["swap", "in-effect"]),
  from: z.string().nullable(),
  to: z.string(),
})

function readJournal(path: string): Journal | null {
  const parsed = journalSchema.safeParse(readJson(path, LARGEST_CONFIG))
  return parsed.success ? { phase: parsed.data.phase, from: parsed.data.from, to: parsed.data.to } : null
}

function textWithDigest(path: string, sha256: string): string | null {
  const read = readRegularFile(path, LARGEST_CONFIG)
  if (read.kind !== "file" || sha256Of(read.bytes) !== sha256) return null
  return read.bytes.toString()
}

function digestOf(path: string): string | null {
  const read = readRegularFile(path, LARGEST_CONFIG)
  return read.kind === "file" ? sha256Of(read.bytes) : null
}

async function removeHalfWritten(directory: string): Promise<void> {
  for (const name of await readdir(directory))
    if (name.startsWith(".")) await rm(join(directory, name), { force: true })
}
