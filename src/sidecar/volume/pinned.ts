import { join } from "node:path"
import { decodePin, type Pin, PIN_FILE } from "../../contract/node/pin.ts"
import type { ServiceObjects } from "../../core/objects/kinds.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
import type { Generation, Generations, Reading } from "../ports.ts"
import type { Archive } from "./archive.ts"

/** The generation that a user pinned with `kkv rollback`, instead of the newest. */
export interface PinnedGenerations extends Generations {
  /** Name of the pinned archived generation; null when the newest counts. As of the last reading. */
  pinned(): string | null
  /** True when the pin differs from that of the last reading. Cheap, because it is called every second. */
  moved(): boolean
}

/**
 * A pinned generation in today's cluster: the entries and Services of the archive with the current endpoints and Nodes, because
 * the pods of that time may be gone. A Service that no current entry names has no current endpoints; it keeps those
 * of the archive.
 */
export function inTodaysCluster(pinned: Generation, newest: Generation | null): Generation {
  if (newest === null) return pinned
  const services = new Map<string, ServiceObjects>()
  for (const [key, then] of pinned.objects.services) {
    const now = newest.objects.services.get(key)
    services.set(key, now === undefined ? then : { ...now, service: then.service })
  }
  const nodes = newest.objects.nodes.length > 0 ? newest.objects.nodes : pinned.objects.nodes
  return { ...pinned, objects: { configMaps: pinned.objects.configMaps, services, nodes } }
}

/**
 * Reads the pinned generation while a pin exists, else the newest. A pin that cannot be read, or whose archive is gone,
 * is refused with its reason, and what runs continues: a user who pinned a generation does not expect a newer one.
 */
export function createPinnedGenerations(
  state: string,
  newest: Generations,
  ports: { readonly archive: Archive; readonly readDirectory: (path: string, name: string) => Promise<Reading> },
): PinnedGenerations {
  const path = join(state, PIN_FILE)
  let current: { readonly pin: Pin; readonly reading: Reading } | null = null
  return {
    pinned: () => current?.pin.archive.replace(/\.tar\.gz$/, "") ?? null,
    moved: () => {
      try {
        return (readPin(path)?.text ?? null) !== (current === null ? null : JSON.stringify(current.pin))
      } catch {
        // An unreadable disk does not show a pin; the next look at the inputs also fails, and reports it.
        return false
      }
    },
    read: async () => {
      const found = readPin(path)
      if (found === null) {
        current = null
        return newest.read()
      }
      if (found.pin === null)
        return { kind: "refused", reason: `Cannot read "${path}": ${found.reason}; run "kkv resume"`, problems: [] }
      if (current === null || JSON.stringify(current.pin) !== found.text)
        current = { pin: found.pin, reading: await unpacked(found.pin, ports) }
      if (current.reading.kind !== "generation") return current.reading
      const today = await newest.read()
      const generation = inTodaysCluster(
        current.reading.generation,
        today.kind === "generation" ? today.generation : null,
      )
      return { kind: "generation", generation }
    },
  }
}

type FoundPin =
  { readonly pin: Pin; readonly text: string } | { readonly pin: null; readonly text: string; readonly reason: string }

function readPin(path: string): FoundPin | null {
  const read = readRegularFile(path, 64 * 1024)
  if (read.kind === "absent") return null
  if (read.kind === "unsafe") return { pin: null, text: "", reason: read.reason }
  const decoded = decodePin(read.bytes.toString())
  if (decoded.kind !== "value") return { pin: null, text: "", reason: "its content is not that of a pin" }
  return { pin: decoded.value, text: JSON.stringify(decoded.value) }
}

async function unpacked(
  pin: Pin,
  ports: { readonly archive: Archive; readonly readDirectory: (path: string, name: string) => Promise<Reading> },
): Promise<Reading> {
  const name = pin.archive.replace(/\.tar\.gz$/, "")
  try {
    return await ports.readDirectory(await ports.archive.unpack(pin.archive), name)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return {
      kind: "refused",
      reason: `Cannot read the pinned archive "${pin.archive}": ${reason}; run "kkv resume"`,
      problems: [],
    }
  }
}
