import type { ManifestResource } from "../contract/manifest.ts"
import type { SyncStatus } from "../contract/sync-status.ts"
import type { ClusterObjects } from "../core/objects/kinds.ts"
import type { Problem } from "../kit/problem.ts"
import type { SyncProblemCode } from "./problem-codes.ts"
import type { Publication } from "./publication.ts"

export type SourceReading =
  /** Everything that the source has, and all that is wrong with it. */
  | {
      readonly kind: "objects"
      readonly objects: ClusterObjects
      readonly problems: readonly Problem<SyncProblemCode>[]
      readonly resources: readonly ManifestResource[]
    }
  /** Something is being written right now; a moment later it can be read. */
  | { readonly kind: "settling"; readonly retryAfterMs: number }

export interface ClusterSource {
  /** The newest state. Objects that did not change are the same JavaScript objects as before. */
  read(): SourceReading
}

/** The generation that `current.json` names. */
export interface Published {
  readonly sequence: number
  /** Name of its directory. */
  readonly directory: string
  readonly contentSha256: string
}

export interface Publisher {
  /** Clears away what an earlier life left half done, and reads back what it published; does nothing from the second time on. @throws */
  open(): void
  /** Null before the first publication in this volume. */
  current(): Published | null
  /** Commits a new generation. @throws When it could not be committed; the current one then stays. */
  publish(publication: Publication): Promise<Published>
  /** Looks at a part of the current generation, which takes some ms. @returns what is found damaged, and null after it was published again. */
  inspect(): string | null
  /** What `inspect` has found last; null where nothing is damaged. */
  damage(): string | null
  /**
   * Publishes what is damaged once more, under a new sequence, from what was published last.
   *
   * @returns The current generation, damaged still where this life of the program has published nothing. @throws as `publish`.
   */
  mend(): Promise<Published | null>
}

export interface StatusWriter {
  /** Whether the file is still what was written last. */
  isIntact(): boolean
  write(status: SyncStatus): Promise<void>
}
