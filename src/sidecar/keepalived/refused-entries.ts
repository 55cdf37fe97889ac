import type { Refusal } from "../../core/model/refusal.ts"
import { pieceAt, type RenderedConfig } from "../../core/render/render.ts"
import type { Diagnostic } from "../ports.ts"

/**
 * The entries that made keepalived refuse a file, with keepalived's message for each.
 *
 * keepalived names a line or a virtual server. Both identify the block, and the block identifies its entry. A message that
 * does not lead to an entry (the head of the file, a message without a place) blames no entry.
 *
 * @returns entry key -> keepalived's message.
 */
export function refusedEntriesOf(
  rendered: Pick<RenderedConfig, "pieces">,
  diagnostics: readonly Diagnostic[],
): ReadonlyMap<string, Refusal> {
  const culprits = new Map<string, Refusal>()
  for (const diagnostic of diagnostics) {
    const entry = entryOf(rendered, diagnostic)
    if (entry !== null && !culprits.has(entry))
      culprits.set(entry, { code: "REFUSED_BY_KEEPALIVED", reason: diagnostic.message })
  }
  return culprits
}

function entryOf(rendered: Pick<RenderedConfig, "pieces">, diagnostic: Diagnostic): string | null {
  const piece = diagnostic.line === null ? null : pieceAt(rendered, diagnostic.line)
  if (piece?.origin.kind === "virtual-server") return piece.origin.entry
  const named = rendered.pieces.find(
    ({ origin }) => origin.kind === "virtual-server" && origin.key === diagnostic.virtualServer,
  )
  return named?.origin.kind === "virtual-server" ? named.origin.entry : null
}
