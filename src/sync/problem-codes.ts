import type { ObjectProblemCode } from "../core/objects/problem-codes.ts"

/**
 * Why nothing is published from the input as it is.
 *
 * - `SOURCE_*`: the directory of manifests, or something in it, cannot be read.
 * - `SOURCE_UNREACHABLE`: the Kubernetes API has not told everything once.
 * - `CONFIGMAP_MISSING`: the VIP ConfigMap is nowhere in it. An absent input is not an empty input.
 * - `GENERATION_TOO_LARGE`: it does not fit the limits that readers rely on.
 */
export type SyncProblemCode =
  ObjectProblemCode | SourceProblemCode | "SOURCE_UNREACHABLE" | "CONFIGMAP_MISSING" | "GENERATION_TOO_LARGE"

export type SourceProblemCode =
  "SOURCE_MISSING" | "SOURCE_UNREADABLE" | "SOURCE_SYMLINK" | "SOURCE_NOT_UTF8" | "SOURCE_TOO_MANY_FILES"
