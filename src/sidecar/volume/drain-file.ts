import { join } from "node:path"
import { decodeDrain, type Drain, DRAIN_FILE } from "../../contract/node/drain.ts"
import { faultText } from "../../kit/fault.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"

/** What `drain.json` of the node says. */
export type DrainReading =
  | { readonly kind: "none" }
  | { readonly kind: "drain"; readonly drain: Drain }
  /** Something has its name, and it is not a drain. */
  | { readonly kind: "unreadable"; readonly path: string; readonly reason: string }

/** Maximum size, in bytes. */
const MOST_BYTES = 64 * 1024

/** Reads `drain.json` of the node's directory. Cheap, because it is called every second; never throws. */
export function drainIn(state: string): DrainReading {
  const path = join(state, DRAIN_FILE)
  try {
    const read = readRegularFile(path, MOST_BYTES)
    if (read.kind === "absent") return { kind: "none" }
    if (read.kind === "unsafe") return { kind: "unreadable", path, reason: read.reason }
    const decoded = decodeDrain(read.bytes.toString())
    if (decoded.kind === "value") return { kind: "drain", drain: decoded.value }
    return { kind: "unreadable", path, reason: "its content is not that of a drain" }
  } catch (error) {
    return { kind: "unreadable", path, reason: faultText(error) }
  }
}
