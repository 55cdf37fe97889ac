import type { SyncStatus } from "../contract/sync-status.ts"
import type { Publication, Reading } from "./publication.ts"

export type SourceReading =
  /** All objects and all problems of the source. */
  | ({ readonly kind: "objects" } & Reading)
  /** A user or a program is writing the source now; sync can read it a moment later. */
  | { readonly kind: "settling"; readonly retryAfterMs: number }

export interface ClusterSource {
  /** The newest state. Unchanged objects are the same JavaScript objects as before. */
  read(): SourceReading
}

/** The generation that `current.json` names. */
export interface Published {
  readonly sequence: number
  /** Name of its directory. */
  readonly directory: string
  readonly contentSha256: string
  /** `namespace/name` of its VIP ConfigMaps, in their order. */
  readonly configMaps: readonly string[]
}

export interface Publisher {
  /** Removes what an earlier process left incomplete, and reads back what it published; does nothing the second time. @throws */
  open(): void
  /** Null before the first publication in this volume. */
  current(): Published | null
  /** The text of a file of the current generation; null if it has no such file, or no generation is published. @throws */
  text(file: string): string | null
  /** Commits a new generation. @throws If it cannot be committed; the current generation then stays. */
  publish(publication: Publication): Promise<Published>
  /** Checks a part of the current generation, which takes a few ms. @returns The damage, or null; null again once the generation was published again. */
  inspect(): string | null
  /** The damage that `inspect` found last; null if there is none. */
  damage(): string | null
  /**
   * Publishes the content of the damaged generation again, with a new sequence.
   *
   * @returns The current generation; it is still damaged if this process has published nothing. @throws Like `publish`.
   */
  mend(): Promise<Published | null>
}

export interface StatusWriter {
  /** Whether the file still has the content that was written last. */
  isIntact(): boolean
  write(status: SyncStatus): Promise<void>
}
