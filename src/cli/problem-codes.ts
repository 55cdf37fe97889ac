import { MODEL_CODES } from "../core/model/problem-codes.ts"
import { OBJECT_CODES } from "../core/objects/problem-codes.ts"

/** Files that cannot be read as manifests. */
export type FileCode = (typeof FILE_CODES)[number]
export const FILE_CODES = ["SOURCE_UNREADABLE", "SOURCE_SYMLINK", "SOURCE_NOT_UTF8", "FILE_TOO_LARGE"] as const

/** All problems that `kkv` finds in manifests. */
export type CliCode = (typeof CLI_CODES)[number]
export const CLI_CODES = [...FILE_CODES, ...OBJECT_CODES, ...MODEL_CODES] as const
