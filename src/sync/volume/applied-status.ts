import { statSync } from "node:fs"
import { join } from "node:path"

import { STATUS_FILE } from "../../contract/layout.ts"
import { decodeStatus, type Status } from "../../contract/status.ts"
import { agentSignsIn } from "../../heartbeats/read.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
import type { StatusReader } from "../report/ports.ts"

/** Maximum size of the status, in bytes; each VIP and each problem takes a few hundred. */
const MAXIMUM_BYTES = 16 * 1024 * 1024

/**
 * Reads the sidecar's status from its volume, and whether the sidecar is alive. It parses the status only if the file has
 * changed.
 */
export function createStatusReader(applied: string): StatusReader {
  const path = join(applied, STATUS_FILE)
  let known: { readonly identity: string; readonly status: Status | null } = { identity: "", status: null }
  return {
    read: () => {
      const identity = identityOf(path)
      if (identity === "") known = { identity, status: null }
      // An unreadable status counts as none, and the status before it is out of date.
      if (identity !== known.identity) known = { identity, status: parsed(path) }
      return known.status === null ? null : { status: known.status, agent: agentSignsIn(applied) }
    },
  }
}

function identityOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? "" : `${found.ino} ${found.size} ${found.mtimeNs}`
}

function parsed(path: string): Status | null {
  try {
    const found = readRegularFile(path, MAXIMUM_BYTES)
    if (found.kind !== "file") return null
    const decoded = decodeStatus(found.bytes.toString("utf8"))
    return decoded.kind === "value" ? decoded.value : null
  } catch {
    // The disk cannot be read, so the sidecar's status is unknown.
    return null
  }
}
