import { fstatSync } from "node:fs"
import { createColors } from "picocolors"
import { visible } from "../../kit/text/escape-hidden.ts"
import { UsageError } from "./exit-status.ts"
import { createBoundedInput } from "../input/files.ts"

/** A command's output and inputs. A test replaces them. */
export interface Terminal {
  /** The answer: standard output. */
  out(text: string): void
  /** Everything about the answer: standard error. */
  err(text: string): void
  /** All of standard input; null if that is more than a command reads. */
  input(): Promise<Buffer | null>
  /** True if standard output may be coloured. */
  readonly colour: boolean
}

export type Colours = ReturnType<typeof createColors>

/**
 * The same terminal, with control characters made visible: text from files and the cluster may contain
 * them. Only our own colours pass, if there are any.
 */
export function withNothingHidden(terminal: Terminal): Terminal {
  const shown = (text: string) =>
    terminal.colour
      ? text
          .split(OWN_COLOUR)
          .map((part, at) => (at % 2 === 1 ? part : visible(part)))
          .join("")
      : visible(text)
  const out = (text: string) => terminal.out(shown(text))
  return { ...terminal, out, err: (text) => terminal.err(visible(text)), input: once(terminal.input) }
}

/** A second reader of standard input would find nothing, and take that for an answer. */
function once(input: Terminal["input"]): Terminal["input"] {
  let isRead = false
  return () => {
    if (isRead) throw new UsageError('Cannot read standard input twice (expected "-" once)')
    isRead = true
    return input()
  }
}

/** Bold, dim, the six colours, and reset. The parentheses keep them in the result of `split`. */
const OWN_COLOUR = /(\u{1b}\[(?:0|1|2|22|3[1-6]|39)m)/u

/** The functions that colour a text, or return it unchanged without colours. */
export function coloursOf(terminal: Terminal): Colours {
  return createColors(terminal.colour)
}

/** The process's own standard streams. */
export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    input: readInput,
    colour: wantsColour(process.env, process.stdout.isTTY),
  }
}

/** Node reads a directory as an empty input. */
async function readInput(): Promise<Buffer | null> {
  if (fstatSync(0).isDirectory()) throw new Error("Cannot read standard input: it is a directory (expected manifests)")
  const input = createBoundedInput()
  const chunks: AsyncIterable<Buffer> = process.stdin
  for await (const chunk of chunks) if (!input.add(chunk)) return null
  return input.bytes()
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
