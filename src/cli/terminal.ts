import { buffer } from "node:stream/consumers"

import { createColors } from "picocolors"

/** Where a command's words go, and what it may ask of the outside. A test brings its own. */
export interface Terminal {
  /** The answer: standard output. */
  out(text: string): void
  /** Everything about the answer: standard error. */
  err(text: string): void
  /** All of standard input. */
  input(): Promise<Buffer>
  /** True where standard output may be coloured. */
  readonly colour: boolean
}

export type Colours = ReturnType<typeof createColors>

/** The functions that colour a text, or leave it alone where the terminal wants no colour. */
export function coloursOf(terminal: Terminal): Colours {
  return createColors(terminal.colour)
}

/** The process's own standard streams. */
export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    input: () => buffer(process.stdin),
    colour: wantsColour(process.env, process.stdout.isTTY),
  }
}

/**
 * Whether to colour: never with NO_COLOR, always with FORCE_COLOR, else on a terminal that can.
 *
 * Source: https://no-color.org, https://force-color.org.
 */
export function wantsColour(environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  const { NO_COLOR: never = "", FORCE_COLOR: always = "", TERM: kind } = environment
  if (never !== "") return false
  if (always !== "" && always !== "0") return true
  // Not `&&`: what is no terminal has undefined here, whatever its type says, and picocolors would then choose by itself.
  return isTerminal ? kind !== "dumb" : false
}
