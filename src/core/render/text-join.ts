import { createHash } from "node:crypto"
import type { Piece } from "./piece.ts"

/** The text that pieces make, one after the other. */
export interface JoinedText {
  /** The text in UTF-8, in parts: a megabyte is not put together anew for one block that changed. */
  readonly bytes: readonly Uint8Array[]
  /** sha256 of the text, 64 hexadecimal digits. */
  readonly sha256: string
}

/** So many pieces become one part: more would be encoded for one that changed, fewer would be more to go through. */
const PIECES_OF_A_PART = 32

interface Part {
  readonly pieces: readonly Piece[]
  readonly bytes: Uint8Array
}

/** Joins pieces to a text. A part whose pieces are the same as before is kept. */
export function createTextJoin(): (pieces: readonly Piece[]) => JoinedText {
  let last: readonly Part[] = []
  return (pieces) => {
    const parts: Part[] = []
    for (let from = 0; from < pieces.length; from += PIECES_OF_A_PART)
      parts.push(partOf(pieces.slice(from, from + PIECES_OF_A_PART), last[parts.length]))
    last = parts
    const sha256 = createHash("sha256")
    for (const { bytes } of parts) sha256.update(bytes)
    return { bytes: parts.map(({ bytes }) => bytes), sha256: sha256.digest("hex") }
  }
}

function partOf(pieces: readonly Piece[], before: Part | undefined): Part {
  const isSame = before?.pieces.length === pieces.length && before.pieces.every((piece, at) => piece === pieces[at])
  return isSame ? before : { pieces, bytes: Buffer.from(textOf(pieces)) }
}

/** The text itself. */
export function textOf(pieces: readonly Piece[]): string {
  let text = ""
  for (const piece of pieces) text += piece.text
  return text
}
