import { existsSync, statSync } from "node:fs"
import { join } from "node:path"

import { CONFIG_FILE } from "../../contract/archive.ts"
import { GENERATIONS_DIRECTORY, POINTER_FILE, STATUS_FILE } from "../../contract/layout.ts"
import { decodePointer } from "../../contract/pointer.ts"
import type { Problem } from "../../kit/problem.ts"
import { type FileText, readDirectory, readNamed, fileTextsOf } from "./files.ts"
import type { FileCode } from "../problem-codes.ts"
import type { Terminal } from "../output/terminal.ts"
import { assertGeneration, readContractFile } from "./volume-files.ts"

/** The content of a path on the command line. */
export interface Source {
  /** As the user gave it. */
  readonly name: string
  /** Manifests; none if the path is only a keepalived.conf. */
  readonly files: readonly FileText[]
  readonly problems: readonly Problem<FileCode>[]
  /** A keepalived.conf that is already written: in an archive, in `applied/`, or the path itself. */
  readonly config: FileText | null
}

/**
 * Opens a path: a file or a directory of manifests, one generation, a `desired/` volume (then the generation that
 * `current.json` names), an archive, a `keepalived.conf` or an `applied/` directory; `-` is standard input.
 *
 * @throws when the path does not exist, or cannot be read.
 */
export async function openSource(path: string, terminal: Terminal): Promise<Source> {
  if (path === "-") return { name: path, ...fileTextsOf("<stdin>", await terminal.input()), config: null }
  if (!isDirectory(path)) return openFile(path)
  if (existsSync(join(path, POINTER_FILE))) return openVolume(path)
  const config = join(path, CONFIG_FILE)
  if (existsSync(config) && existsSync(join(path, STATUS_FILE)))
    return { ...noManifests(path), config: readText(config) }
  return { name: path, ...readDirectory(path), config: null }
}

/** Opens a path as `keepalived.conf` files that people wrote: a file, the `*.conf` of a directory and below, or standard input. */
export async function openTexts(path: string, terminal: Terminal): Promise<Source> {
  if (path === "-") return { name: path, ...fileTextsOf("<stdin>", await terminal.input()), config: null }
  const read = isDirectory(path) ? readDirectory(path, /\.conf$/) : readNamed(path)
  return { name: path, ...read, config: null }
}

async function openFile(path: string): Promise<Source> {
  if (path.endsWith(".conf")) return { ...noManifests(path), config: readText(path) }
  if (!path.endsWith(".tar.gz")) return { name: path, ...readNamed(path), config: null }
  const { readArchive } = await import("./archive.ts")
  const archive = await readArchive(path)
  const config = archive.config === null ? null : { file: `${path}/${CONFIG_FILE}`, text: archive.config }
  return { name: path, files: archive.manifests, problems: [], config }
}

/** Follows the pointer, like every reader of a volume. Only the sidecar compares sizes and checksums. */
function openVolume(path: string): Source {
  const file = join(path, POINTER_FILE)
  const pointer = readContractFile(file, decodePointer)
  if (pointer === null) throw new Error(`Cannot read "${file}": it has disappeared`)
  const generation = `${path.replace(/\/+$/, "")}/${GENERATIONS_DIRECTORY}/${pointer.directory}`
  assertGeneration(generation)
  return { name: path, ...readDirectory(generation), config: null }
}

function noManifests(name: string): Omit<Source, "config"> {
  return { name, files: [], problems: [] }
}

function readText(path: string): FileText {
  const { files, problems } = readNamed(path)
  const [file] = files
  if (file !== undefined) return file
  throw new Error(problems[0]?.message.replace("the file", `"${path}"`) ?? `Cannot read "${path}"`)
}

function isDirectory(path: string): boolean {
  let stat
  try {
    stat = statSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    throw new Error(`Cannot read "${path}"`, { cause })
  }
  if (stat === undefined) throw new Error(`Cannot read "${path}": the file or directory does not exist`)
  return stat.isDirectory()
}
