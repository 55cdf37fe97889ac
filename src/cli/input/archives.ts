import { readdirSync } from "node:fs"
import { join } from "node:path"

import { ARCHIVE_DIRECTORY, ARCHIVE_NAME } from "../../contract/archive.ts"
import { faultCode } from "../../kit/fault.ts"
import { compare } from "../../kit/problem.ts"

/** An archive by its name; its content is not read yet. */
export interface ArchiveFile {
  /** `<20-digit sequence>-<12 hex>.tar.gz` */
  readonly name: string
  readonly path: string
  readonly sequence: number
}

/** The archives of a node, newest first. @throws when the state directory cannot be read. */
export function archivesOf(state: string): readonly ArchiveFile[] {
  const directory = join(state, ARCHIVE_DIRECTORY)
  return namesIn(directory)
    .flatMap((name) => {
      const [, digits] = ARCHIVE_NAME.exec(name) ?? []
      return digits === undefined ? [] : [{ name, path: join(directory, name), sequence: Number(digits) }]
    })
    .toSorted((a, b) => compare(b.name, a.name))
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    const hint =
      faultCode(error) === "ENOENT"
        ? "it does not exist; run this where the sidecar runs, or name its directory with --state"
        : null
    throw new Error(`Cannot read the archive "${directory}"${hint === null ? "" : `: ${hint}`}`, {
      ...(hint === null ? { cause: error } : {}),
    })
  }
}
