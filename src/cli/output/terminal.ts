import { fstatSync } from "node:fs"

import { processScreen, type Screen, withNothingHidden } from "../../terminal/screen.ts"
import { UsageError } from "../../terminal/exit-status.ts"
import { createBoundedInput } from "../input/files.ts"

/** A command's output and inputs. A test replaces them. */
export interface Terminal extends Screen {
  /** All of standard input; null if that is more than a command reads. */
  input(): Promise<Buffer | null>
}

/** The same terminal, with control characters made visible, and standard input read once. */
export function visibleTerminal(terminal: Terminal): Terminal {
  return { ...withNothingHidden(terminal), input: once(terminal.input) }
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

/** The process's own standard streams. */
export function processTerminal(): Terminal {
  return { ...processScreen(), input: readInput }
}

/** Node reads a directory as an empty input. */
async function readInput(): Promise<Buffer | null> {
  if (fstatSync(0).isDirectory()) throw new Error("Cannot read standard input: it is a directory (expected manifests)")
  const input = createBoundedInput()
  const chunks: AsyncIterable<Buffer> = process.stdin
  for await (const chunk of chunks) if (!input.add(chunk)) return null
  return input.bytes()
}
