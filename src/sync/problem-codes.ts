import { OBJECT_CODES } from "../core/objects/problem-codes.ts"

export type VolumeProblemCode = (typeof VOLUME_CODES)[number]
export const VOLUME_CODES = ["VOLUME_FULL", "VOLUME_FAULT", "GENERATION_DAMAGED"] as const

export type SourceProblemCode = (typeof SOURCE_CODES)[number]
export const SOURCE_CODES = [
  "SOURCE_MISSING",
  "SOURCE_UNREADABLE",
  "SOURCE_SYMLINK",
  "SOURCE_NOT_UTF8",
  "SOURCE_TOO_MANY_FILES",
] as const

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
export type SyncProblemCode = (typeof SYNC_CODES)[number]
export const SYNC_CODES = [
  ...OBJECT_CODES,
  ...SOURCE_CODES,
  ...VOLUME_CODES,
  "SOURCE_UNREACHABLE",
  "CONFIGMAP_MISSING",
  "GENERATION_TOO_LARGE",
] as const
