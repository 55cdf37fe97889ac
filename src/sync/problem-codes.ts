import type { ObjectProblemCode } from "../core/objects/problem-codes.ts"

/**
 * Why nothing is published from the input as it is.
 *
 * - `SOURCE_*`: the directory of manifests, or something in it, cannot be read.
 * - `SOURCE_UNREACHABLE`: the Kubernetes API has not told everything once.
 * - `CONFIGMAP_MISSING`: the VIP ConfigMap is nowhere in it. An absent input is not an empty input.
 * - `GENERATION_TOO_LARGE`: it does not fit the limits that readers rely on.
 * - `VOLUME_FULL`: the volume has no room for one generation more, also without the older ones.
 * - `VOLUME_FAULT`: the volume cannot be read or written.
 * - `GENERATION_DAMAGED`: what was published is no longer what stands in the volume, and cannot be written again yet.
 */
export type SyncProblemCode =
  | ObjectProblemCode
  | SourceProblemCode
  | VolumeProblemCode
  | "SOURCE_UNREACHABLE"
  | "CONFIGMAP_MISSING"
  | "GENERATION_TOO_LARGE"

export type VolumeProblemCode = "VOLUME_FULL" | "VOLUME_FAULT" | "GENERATION_DAMAGED"

export type SourceProblemCode =
  "SOURCE_MISSING" | "SOURCE_UNREADABLE" | "SOURCE_SYMLINK" | "SOURCE_NOT_UTF8" | "SOURCE_TOO_MANY_FILES"
