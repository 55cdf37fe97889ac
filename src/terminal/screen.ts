import { createColors } from "picocolors"

import { visible } from "../kit/text/escape-hidden.ts"

/** Where a program answers a person. A test replaces it. */
export interface Screen {
  /** The answer: standard output. */
  out(text: string): void
  /** Everything about the answer: standard error. */
  err(text: string): void
  /** True if standard output may be coloured. */
  readonly colour: boolean
}

export type Colours = ReturnType<typeof createColors>

/**
 * The same screen, with control characters made visible: text from files and the cluster may contain
 * them. Only our own colours pass, if there are any.
 */
export function withNothingHidden(screen: Screen): Screen {
  const shown = (text: string) =>
    screen.colour
      ? text
          .split(OWN_COLOUR)
          .map((part, at) => (at % 2 === 1 ? part : visible(part)))
          .join("")
      : visible(text)
  const out = (text: string) => screen.out(shown(text))
  return { colour: screen.colour, out, err: (text) => screen.err(visible(text)) }
}

/** Bold, dim, the six colours, and reset. The parentheses keep them in the result of `split`. */
const OWN_COLOUR = /(\u{1b}\[(?:0|1|2|22|3[1-6]|39)m)/u

/** The functions that colour a text, or return it unchanged without colours. */
export function coloursOf(screen: Pick<Screen, "colour">): Colours {
  return createColors(screen.colour)
}

/** The process's own standard output and standard error. */
export function processScreen(): Screen {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    colour: wantsColour(process.env, process.stdout.isTTY),
  }
}

/**
 * Whether to colour: never with NO_COLOR, always with FORCE_COLOR, otherwise on a terminal with colours.
 *
 * Source: https://no-color.org, https://force-color.org.
 */
export function wantsColour(environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  const { NO_COLOR: never = "", FORCE_COLOR: always = "", TERM: kind } = environment
  if (never !== "") return false
  if (always !== "" && always !== "0") return true
  // Not `&&`: for anything but a terminal this is undefined, whatever its type says, and picocolors would then decide itself.
  return isTerminal ? kind !== "dumb" : false
}
