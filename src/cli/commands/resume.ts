import { existsSync } from "node:fs"
import { rm } from "node:fs/promises"
import { join } from "node:path"

import { decodePin, PIN_FILE } from "../../contract/pin.ts"
import { syncDirectory } from "../../kit/files/atomic-file.ts"
import { EXIT } from "../../terminal/exit-status.ts"
import { noteEvent } from "./node-events.ts"
import type { Terminal } from "../output/terminal.ts"
import { readIfPresent } from "../input/volume-files.ts"

/** Removes the pin, also one that cannot be read: the newest generation counts again. */
export async function resume(
  options: { readonly state: string; readonly output: "text" | "json" },
  terminal: Terminal,
): Promise<number> {
  const path = join(options.state, PIN_FILE)
  if (!existsSync(options.state)) throw new Error(`Cannot look for a pin in "${options.state}": ${HINT}`)
  const pinned = readIfPresent(path) !== null
  if (pinned) {
    const sequence = sequenceIn(path)
    await rm(path, { force: true })
    await syncDirectory(options.state)
    await noteEvent(options.state, terminal, { kind: "resume", time: new Date().toISOString(), sequence, reason: null })
  }
  if (options.output === "json") terminal.out(`${JSON.stringify({ resumed: pinned }, null, 2)}\n`)
  else
    terminal.out(pinned ? resumedText(path) : `Nothing is pinned (no ${path}): the newest generation counts already\n`)
  return EXIT.good
}

/** Prevents that a wrong path reports that nothing is pinned. */
const HINT = "the directory does not exist; run this where the sidecar runs, or name its directory with --state"

/** Null if the pin cannot be read. */
function sequenceIn(path: string): number | null {
  const decoded = decodePin(readIfPresent(path) ?? "")
  return decoded.kind === "value" ? decoded.value.sequence : null
}

function resumedText(path: string): string {
  return (
    `Removed the pin (${path})\n` +
    `Next: the sidecar of this node tests and applies the newest generation within a second\n` +
    `See it: kkv status\n`
  )
}
