import { randomBytes } from "node:crypto"
import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs"
import { dirname, join } from "node:path"

import {
  generationName,
  GENERATIONS_DIRECTORY,
  MANIFEST_FILE,
  POINTER_FILE,
  sequenceOf,
} from "../../contract/layout.ts"
import { encodeManifest } from "../../contract/manifest.ts"
import { encodePointer, type Writer } from "../../contract/pointer.ts"
import { replaceFileAtOnce, syncDirectoryAtOnce, writeDurably, writeDurablyAtOnce } from "../../kit/atomic-file.ts"
import { sha256Of } from "../../contract/sha256.ts"
import type { Published, Publisher } from "../ports.ts"
import type { Publication, PublicationFile } from "../publication.ts"
import { openVolume, type PublishedFiles } from "./published.ts"

/** So many files are written in one go; more would keep a real disk busy for too long. */
const FEW = 8
/** So many files are on their way to the disk at a time: their fsync calls share one commit of the journal. */
const WRITES_AT_ONCE = 16

export interface PublisherOptions {
  /** The volume, such as `/run/kkv/desired`. This process must be its only writer. */
  readonly directory: string
  /** How many generations are kept, the current one included. */
  readonly retain: number
  readonly writer: Writer
  /** Hears that old generations could not be removed; the new one is published all the same. */
  readonly trouble: (error: unknown) => void
}

/**
 * Publishes generations. A generation is written aside, each file and each directory brought to the disk, and renamed to
 * its name; only then `current.json` is replaced, and that alone makes it count. A crash at any point leaves the current
 * generation whole; the next start clears away the rest.
 *
 * @throws When the volume cannot be read or written.
 */
export function createPublisher(options: PublisherOptions): Publisher {
  const found = openVolume(options.directory)
  let current = found.published
  let highestSequence = found.highestSequence
  async function publish(publication: Publication): Promise<Published> {
    // Also after a failure the number is used up: whatever was left behind under it is never taken for the next.
    highestSequence++
    current = await commit(options, publication, { sequence: highestSequence, previous: current })
    prune(options, current.directory)
    return current
  }
  return { current: () => current, publish }
}

interface Step {
  readonly sequence: number
  readonly previous: PublishedFiles | null
}

async function commit(options: PublisherOptions, publication: Publication, step: Step): Promise<PublishedFiles> {
  const { contentSha256, counts, resources, files } = publication
  const generations = join(options.directory, GENERATIONS_DIRECTORY)
  const directory = generationName(step.sequence, contentSha256)
  const temporary = join(generations, `.tmp-${step.sequence}-${randomBytes(6).toString("hex")}`)
  const manifest = Buffer.from(
    encodeManifest({
      sequence: step.sequence,
      contentSha256,
      counts,
      resources,
      files: files.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
    }),
  )
  try {
    const directories = makeDirectories(temporary, files)
    await writeFiles(temporary, linkUnchanged(generations, temporary, files, step.previous))
    writeDurablyAtOnce(join(temporary, MANIFEST_FILE), manifest)
    for (const one of directories) syncDirectoryAtOnce(one)
    renameSync(temporary, join(generations, directory))
    syncDirectoryAtOnce(generations)
    const { sequence } = step
    const pointer = { sequence, writer: options.writer, directory, manifestSha256: sha256Of(manifest), counts }
    replaceFileAtOnce(join(options.directory, POINTER_FILE), encodePointer(pointer))
  } catch (error) {
    clearAway(temporary)
    throw new Error(`Cannot publish the generation ${directory} in ${options.directory}`, { cause: error })
  }
  const sha256ByName = new Map(files.map(({ name, sha256 }) => [name, sha256]))
  return { sequence: step.sequence, directory, contentSha256, sha256ByName }
}

/** Gives every directory of the generation, itself first. */
function makeDirectories(root: string, files: readonly PublicationFile[]): readonly string[] {
  const made = new Set([root])
  mkdirSync(root)
  for (const { name } of files) {
    for (const parent of [dirname(dirname(name)), dirname(name)]) {
      const path = join(root, parent)
      if (made.has(path)) continue
      mkdirSync(path)
      made.add(path)
    }
  }
  return [...made]
}

/**
 * Links what the previous generation has with the same checksum; gives the files that must be written. What somebody has
 * cut short there is written anew: linked on, it would spoil every generation to come.
 */
function linkUnchanged(
  generations: string,
  temporary: string,
  files: readonly PublicationFile[],
  previous: PublishedFiles | null,
): readonly PublicationFile[] {
  if (previous === null) return files
  const from = join(generations, previous.directory)
  // A plain loop of synchronous calls: a thousand links take some ten milliseconds, on the thread pool five times that.
  return files.filter(({ name, size, sha256 }) => {
    if (previous.sha256ByName.get(name) !== sha256) return true
    try {
      if (statSync(`${from}/${name}`).size !== size) return true
      linkSync(`${from}/${name}`, `${temporary}/${name}`)
      return false
    } catch {
      // Too many links, another owner, a generation that somebody removed: we have the bytes.
      return true
    }
  })
}

async function writeFiles(directory: string, files: readonly PublicationFile[]): Promise<void> {
  if (files.length <= FEW) {
    for (const { name, bytes } of files) writeDurablyAtOnce(join(directory, name), bytes)
    return
  }
  const queue = files.values()
  const worker = async (): Promise<void> => {
    for (const { name, bytes } of queue) await writeDurably(join(directory, name), bytes)
  }
  await Promise.all(Array.from({ length: Math.min(WRITES_AT_ONCE, files.length) }, worker))
}

/** Removes the oldest generations. Renamed first: half a directory never has a generation's name. */
function prune({ directory, retain, trouble }: PublisherOptions, current: string): void {
  const generations = join(directory, GENERATIONS_DIRECTORY)
  try {
    const names = readdirSync(generations)
      .filter((name) => sequenceOf(name) !== null)
      .sort()
    const old = names.filter((name) => name !== current).slice(0, -(retain - 1) || undefined)
    for (const name of old) {
      const trash = join(generations, `.trash-${name}`)
      renameSync(join(generations, name), trash)
      rmSync(trash, { recursive: true })
    }
  } catch (error) {
    trouble(error)
  }
}

function clearAway(temporary: string): void {
  try {
    rmSync(temporary, { recursive: true, force: true })
  } catch {
    // The next start clears it away; why the generation could not be published matters more.
  }
}
