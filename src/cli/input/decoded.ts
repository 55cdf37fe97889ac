import type { Decoded } from "../../contract/decode-file.ts"
import { SCHEMA } from "../../contract/layout.ts"

/**
 * The value of a file of the contract.
 *
 * @param file The file's path, for the message.
 * @throws when it cannot be read, or another release wrote it.
 */
export function decodedOrThrow<T>(file: string, decoded: Decoded<T>): T {
  switch (decoded.kind) {
    case "value":
      return decoded.value
    case "unknown-schema":
      throw new Error(
        `Cannot read ${file}: its schema is ${decoded.schema}, this release expects ${SCHEMA}; use the kkv beside it`,
      )
    case "problems":
      throw new Error(
        `Cannot read ${file}: ${decoded.problems.map(({ message }) => message.replace(BEGIN, "")).join("; ")}`,
      )
  }
}

/** A problem names the file without its path, for people who know where it lies. */
const BEGIN = /^Cannot read \S+: /
