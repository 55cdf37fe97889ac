import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import type { RenderedConfig } from "../../core/render/render.ts"
import { sha256Of } from "../../kit/sha256.ts"

/** A release that was verified to be in effect: its files are candidates, and the kernel showed its effect. */
export interface Effective {
  /** The release's digest. */
  readonly sha256: string
  readonly model: KeepalivedModel
}

/** What comes into effect as a whole or not at all: a model, and the files that are rendered from it. */
export interface Release extends Effective {
  /** File name, such as `keepalived.conf` -> the file. */
  readonly files: ReadonlyMap<string, ReleaseFile>
}

export type ReleaseFile = Pick<RenderedConfig, "text" | "sha256" | "pieces">

/** Makes a release. Its digest covers all files, in any order; that of a single file is the file's own. */
export function releaseOf(model: KeepalivedModel, files: Release["files"]): Release {
  const lines = [...files].map(([name, { sha256 }]) => `${sha256}  ${name}\n`)
  const [only] = files.values()
  const sha256 = files.size === 1 && only !== undefined ? only.sha256 : sha256Of(lines.toSorted().join(""))
  return { sha256, model, files }
}
