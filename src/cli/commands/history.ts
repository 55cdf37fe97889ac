import { type ArchiveFile, archivesOf } from "../input/archives.ts"
import { type Archive, readArchive } from "../input/archive.ts"
import { changesBetween, summaryOf } from "../input/config-text.ts"
import { EXIT } from "../../terminal/exit-status.ts"
import { eventsOf, eventWords } from "./node-events.ts"
import { readPin } from "../input/volume-files.ts"
import type { Terminal } from "../output/terminal.ts"
import { coloursOf } from "../../terminal/screen.ts"
import { listed, table } from "../../kit/text/format.ts"
import type { NodeEvent } from "../../contract/node/history.ts"
import { faultText } from "../../kit/fault.ts"

/** One archived generation, as `kkv history --output json` prints it; see docs/commands.md. */
interface Entry {
  readonly sequence: number
  readonly archive: string
  /** Null in an archive without an outcome, or one that cannot be read. */
  readonly time: string | null
  readonly outcome: string | null
  readonly vips: readonly string[]
  /** Compared with the archive before; null for the oldest, and if either has no keepalived.conf. */
  readonly changes: readonly string[] | null
  readonly pinned: boolean
  /** Why it cannot be read; null if it can. */
  readonly unreadable: string | null
}

/** Prints what ran and what happened on this node, newest first. */
export async function history(
  options: { readonly state: string; readonly output: "text" | "json" },
  terminal: Terminal,
): Promise<number> {
  const files = archivesOf(options.state)
  const pinned = readPin(options.state)?.archive ?? null
  const entries: Entry[] = []
  let before: Archive | null = null
  for (const file of files.toReversed()) {
    const archive: Archive | string = await readArchive(file.path).catch((error: unknown) => faultText(error))
    entries.unshift({ ...entryOf(file, archive, before), pinned: file.name === pinned })
    before = typeof archive === "string" ? null : archive
  }
  const events = eventsOf(options.state)
  if (options.output === "json") terminal.out(`${JSON.stringify({ entries, events }, null, 2)}\n`)
  else terminal.out(entries.length + events.length === 0 ? "Nothing archived yet\n" : page(entries, events, terminal))
  return EXIT.good
}

function entryOf(file: ArchiveFile, archive: Archive | string, before: Archive | null): Omit<Entry, "pinned"> {
  const name = { sequence: file.sequence, archive: file.name }
  if (typeof archive === "string")
    return { ...name, time: null, outcome: null, vips: [], changes: null, unreadable: archive }
  const { outcome, config } = archive
  const old = before?.config ?? null
  return {
    ...name,
    time: outcome?.time ?? null,
    outcome: outcome?.outcome ?? null,
    vips: outcome?.vips ?? [],
    changes: config === null || old === null ? null : changesBetween(summaryOf(old), summaryOf(config)),
    unreadable: null,
  }
}

function page(entries: readonly Entry[], events: readonly NodeEvent[], terminal: Terminal): string {
  const instances = new Set(events.flatMap((event) => (event.kind === "role" ? event.instance : [])))
  const hasSeveral = instances.size > 1
  const [head = "", ...rows] = table([
    ["SEQUENCE", "TIME", "OUTCOME", "VIPS", "CHANGED"],
    ...merged(entries, events).map((one) => ("kind" in one ? eventRow(one, hasSeveral) : entryRow(one))),
  ])
  return [coloursOf(terminal).bold(head), ...rows].map((line) => `${line}\n`).join("")
}

/** Newest first; a generation without a time keeps the place of its number. */
function merged(entries: readonly Entry[], events: readonly NodeEvent[]): readonly (Entry | NodeEvent)[] {
  const left = [...events]
  const rows = entries.flatMap((entry) => {
    const { time } = entry
    const older = time === null ? 0 : left.findIndex((event) => event.time <= time)
    return [...left.splice(0, older === -1 ? left.length : older), entry]
  })
  return [...rows, ...left]
}

function entryRow(entry: Entry): readonly string[] {
  return [
    `${entry.sequence}${entry.pinned ? " (pinned)" : ""}`,
    entry.time ?? "-",
    entry.outcome ?? (entry.unreadable === null ? "-" : "unreadable"),
    String(entry.vips.length),
    entry.unreadable ?? changesText(entry.changes),
  ]
}

function eventRow(event: NodeEvent, hasSeveral: boolean): readonly string[] {
  const { what, why } = eventWords(event, hasSeveral)
  const [sequence, vips] = event.kind === "replaced" ? [String(event.sequence), String(event.vips)] : ["-", "-"]
  return [sequence, event.time, what, vips, why]
}

function changesText(changes: readonly string[] | null): string {
  if (changes === null) return "(nothing older to compare with)"
  return changes.length === 0 ? "nothing in keepalived.conf" : listed(changes, 3)
}
