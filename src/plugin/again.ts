import { setTimeout as wait } from "node:timers/promises"

import { faultText } from "../kit/fault.ts"
import { ApiFault } from "../kubernetes/api-fault.ts"
import type { Screen } from "../terminal/screen.ts"

/** Time between two looks, in ms. */
const EVERY_MS = 2000

export interface AgainOptions {
  readonly screen: Screen
  /** Clears the terminal; does nothing where standard output is not one. */
  readonly clear: () => void
  readonly signal: AbortSignal
  readonly everyMs?: number
}

/**
 * Looks again and again, and prints each look that differs from the one before, until the signal. A look that fails is said and
 * does not end the loop: what was printed before it may be old.
 *
 * @param look Gives the text.
 */
export async function again(
  look: () => Promise<string>,
  { screen, clear, signal, everyMs = EVERY_MS }: AgainOptions,
): Promise<void> {
  let shown: string | null = null
  while (!signal.aborted) {
    const text = await look().catch(faultLine)
    if (text !== shown) {
      clear()
      screen.out(text)
      shown = text
    }
    await wait(everyMs, undefined, { signal }).catch(() => {})
  }
}

/** @throws Everything but an ApiFault. */
function faultLine(error: unknown): string {
  if (error instanceof ApiFault) return `kubectl kkv: ${faultText(error)}\n`
  throw error
}
