import { existsSync } from "node:fs"
import { rm } from "node:fs/promises"
import { join } from "node:path"

import { DRAIN_FILE } from "../../contract/node/drain.ts"
import { decodePin, PIN_FILE } from "../../contract/node/pin.ts"
import { syncDirectory } from "../../kit/files/atomic-file.ts"
import { EXIT } from "../../terminal/exit-status.ts"
import { noteEvent } from "./node-events.ts"
import type { Terminal } from "../output/terminal.ts"
import { readIfPresent } from "../input/volume-files.ts"

/** What a user holds on a node, and `resume` ends. */
export type Held = (typeof HELD)[number]
export const HELD = ["rollback", "drain"] as const

interface ResumeOptions {
  /** Null: the only one that there is. */
  readonly what: Held | null
  readonly state: string
  readonly output: "text" | "json"
}

/** Ends a rollback or a drain, also one whose file cannot be read. Of two, the user says which: the other may still be wanted. */
export async function resume(options: ResumeOptions, terminal: Terminal): Promise<number> {
  const { state, output, what } = options
  if (!existsSync(state)) throw new Error(`Cannot look for a pin in "${state}": ${HINT}`)
  const present = HELD.filter((one) => exists(join(state, FILES[one])))
  if (what === null && present.length > 1) {
    terminal.err(
      `kkv: Cannot tell what to end: this node has a rollback and a drain; run "kkv resume ${HELD.join('" or "kkv resume ')}"\n`,
    )
    return EXIT.no
  }
  const ended = what === null ? present[0] : present.find((one) => one === what)
  if (ended === "rollback") await endRollback(state, terminal)
  if (ended === "drain") await endDrain(state, terminal)
  if (output === "json") {
    terminal.out(`${JSON.stringify({ resumed: ended === "rollback", undrained: ended === "drain" }, null, 2)}\n`)
    return EXIT.good
  }
  terminal.out(ended === undefined ? nothingText(state, what) : textOf(ended, join(state, FILES[ended])))
  return EXIT.good
}

/** Prevents that a wrong path reports that nothing is pinned. */
const HINT = "the directory does not exist; run this where the sidecar runs, or name its directory with --state"

const FILES = { rollback: PIN_FILE, drain: DRAIN_FILE } as const

/** Something that cannot be read is there, too. */
function exists(path: string): boolean {
  try {
    return readIfPresent(path) !== null
  } catch {
    return true
  }
}

async function endRollback(state: string, terminal: Terminal): Promise<void> {
  const path = join(state, PIN_FILE)
  const sequence = sequenceIn(path)
  await remove(path, state)
  await noteEvent(state, terminal, { kind: "resume", time: new Date().toISOString(), sequence, reason: null })
}

async function endDrain(state: string, terminal: Terminal): Promise<void> {
  await remove(join(state, DRAIN_FILE), state)
  await noteEvent(state, terminal, { kind: "drain-ended", time: new Date().toISOString(), reason: null })
}

async function remove(path: string, state: string): Promise<void> {
  await rm(path, { force: true, recursive: true })
  await syncDirectory(state)
}

/** Null if the pin cannot be read. */
function sequenceIn(path: string): number | null {
  try {
    const decoded = decodePin(readIfPresent(path) ?? "")
    return decoded.kind === "value" ? decoded.value.sequence : null
  } catch {
    return null
  }
}

function nothingText(state: string, what: Held | null): string {
  const pin = `Nothing is pinned (no ${join(state, PIN_FILE)}): the newest generation counts already\n`
  const drained = `This node is not drained (no ${join(state, DRAIN_FILE)})\n`
  return what === null ? pin + drained : what === "rollback" ? pin : drained
}

function textOf(ended: Held, path: string): string {
  if (ended === "rollback")
    return (
      `Removed the pin (${path})\n` +
      "Next: the sidecar of this node tests and applies the newest generation within a second\n" +
      "See it: kkv status\n"
    )
  return (
    `Ended the drain (${path})\n` +
    "Next: this node has its own priority again within a second. It does not take VIPs from the node that holds them\n" +
    "See it: kkv status\n"
  )
}
