import type { Problem } from "../../kit/problem.ts"

/** What `kkv validate` finds, as its `--output json` prints it; see docs/commands.md. */
export interface Validation {
  readonly good: boolean
  /** `namespace/name` of the ConfigMaps that were read, in their order. */
  readonly configMaps: readonly string[]
  readonly vips: number
  readonly virtualServers: number
  /** Number of these without an endpoint now; they are not in keepalived.conf until they have one. */
  readonly waiting: number
  /** Sorted by place. */
  readonly problems: readonly Problem<string>[]
  readonly notes: readonly string[]
}

/** The form of the answer: for people, for programs, for GitHub Actions, for code scanning, for test reports. */
export type ValidationFormat = (typeof VALIDATION_FORMATS)[number]
export const VALIDATION_FORMATS = ["text", "json", "github", "sarif", "junit"] as const

/** The file of a problem; null for one that is in no file, and for standard input. */
export function fileOf({ place }: Problem<string>): string | null {
  if (place === null || place.file.startsWith("<")) return null
  return place.file.replace(/^(?:\.\/+)+/, "")
}

/** The same text with U+FFFD in place of halves of surrogate pairs, which UTF-8 cannot hold. */
export function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}
