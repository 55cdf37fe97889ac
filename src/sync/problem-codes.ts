import type { ObjectProblemCode } from "../core/objects/problem-codes.ts"

/**
 * Why sync does not publish the input.
 *
 * - `SOURCE_*`: the directory of manifests, or something in it, cannot be read.
 * - `SOURCE_UNREACHABLE`: sync could not list everything from the Kubernetes API once.
 * - `CONFIGMAP_MISSING`: the source does not have the VIP ConfigMap. An absent input is not an empty input.
 * - `GENERATION_TOO_LARGE`: it exceeds the limits that readers rely on.
 * - `VOLUME_FULL`: the volume has no room for one more generation, even without the older ones.
 * - `VOLUME_FAULT`: the volume cannot be read or written.
 * - `GENERATION_DAMAGED`: the volume no longer has what sync published, and sync cannot write it again yet.
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
