import { join } from "node:path"

import { CONFIG_FILE } from "../../contract/archive.ts"
import { encodePin, type Pin, PIN_FILE } from "../../contract/node/pin.ts"
import { replaceFile } from "../../kit/files/atomic-file.ts"
import { readArchive } from "../input/archive.ts"
import { type ArchiveFile, archivesOf } from "../input/archives.ts"
import { EXIT, UsageError } from "../../terminal/exit-status.ts"
import { noteEvent } from "./node-events.ts"
import type { Terminal } from "../output/terminal.ts"
import { coloursOf } from "../../terminal/screen.ts"
import { unifiedDiff } from "../output/unified-diff.ts"
import { readIfPresent } from "../input/volume-files.ts"
import { listed } from "../../kit/text/format.ts"

export interface RollbackOptions {
  readonly state: string
  readonly applied: string
  readonly reason: string | null
  readonly dryRun: boolean
  readonly output: "text" | "json"
}

/** Pins an archived generation: the sidecar goes back to it and stays there until `kkv resume`. */
export async function rollback(sequence: string, options: RollbackOptions, terminal: Terminal): Promise<number> {
  if (!/^\d{1,20}$/.test(sequence))
    throw new UsageError(`Cannot go back to "${sequence}": expected a number from "kkv history"`)
  const archives = archivesOf(options.state)
  const found = archives.find((archive) => archive.sequence === Number(sequence))
  if (found === undefined) {
    const known = archives.map((archive) => String(archive.sequence))
    terminal.err(
      `kkv: Cannot go back to ${sequence}: the archive has ${known.length === 0 ? "nothing yet" : `only ${listed(known)}`}\n`,
    )
    return EXIT.no
  }
  const difference = await differenceFrom(found, options, terminal)
  const pin: Pin = {
    archive: found.name,
    sequence: found.sequence,
    reason: options.reason ?? "kkv rollback",
    pinnedAt: new Date().toISOString(),
  }
  const path = join(options.state, PIN_FILE)
  if (!options.dryRun) {
    await replaceFile(path, encodePin(pin))
    const { sequence: pinned, pinnedAt: time } = pin
    await noteEvent(options.state, terminal, { kind: "rollback", time, sequence: pinned, reason: options.reason })
  }
  if (options.output === "json") {
    terminal.out(`${JSON.stringify({ pinned: !options.dryRun, pin, diff: difference }, null, 2)}\n`)
    return EXIT.good
  }
  terminal.out(options.dryRun ? dryRunText(found, difference) : pinnedText(found, path))
  return EXIT.good
}

/** The changes in keepalived.conf; empty if there are none, null if one of the two does not exist. */
async function differenceFrom(
  found: ArchiveFile,
  { applied, output, state }: RollbackOptions,
  terminal: Terminal,
): Promise<string | null> {
  // Reading the whole archive checks that it can be used.
  const { config, manifests } = await readArchive(found.path)
  if (manifests.length === 0)
    throw new Error(`Cannot use the archive "${found.path}": it holds no generation; take another one of ${state}`)
  const live = join(applied, CONFIG_FILE)
  const now = readIfPresent(live)
  if (now === null || config === null) return null
  const colours = coloursOf({ ...terminal, colour: terminal.colour && output === "text" })
  return unifiedDiff({ name: live, text: now }, { name: `${found.path}/${CONFIG_FILE}`, text: config }, colours) ?? ""
}

function dryRunText({ sequence }: ArchiveFile, difference: string | null): string {
  if (difference === null)
    return `Nothing pinned (dry run); no keepalived.conf exists to compare with generation ${sequence}\n`
  if (difference === "") return `Nothing pinned (dry run); generation ${sequence} gives the running configuration\n`
  return `${difference}Nothing pinned (dry run). ${OF_THAT_TIME}\n`
}

function pinnedText({ sequence }: ArchiveFile, path: string): string {
  return (
    `Pinned generation ${sequence} (${path})\n` +
    `Next: the sidecar of this node tests and applies it within a second, and ignores newer ones\n` +
    `${OF_THAT_TIME}\n` +
    `See it:  kkv status\n` +
    `Undo it: kkv resume\n` +
    `For a permanent change use git revert; the pin applies only to this node\n`
  )
}

/** What a rollback restores, and what it cannot. */
const OF_THAT_TIME = "Entries and Services are those of the archive, pods and Nodes the current ones"
