import { join } from "node:path"
import * as z from "zod"
import { replaceFile } from "../../kit/files/atomic-file.ts"
import { readJson } from "../../kit/files/safe-read.ts"
import { createWriteBehind } from "../../kit/files/write-behind.ts"
import type { Clock } from "../../kit/time/clock.ts"
import type { NodeRecord } from "../nodes/node-watch.ts"

/** File in applied/: which nodes have answered, and which no longer answer, if this agent is killed. */
const NODE_RECORD_FILE = "nodes.json"
const LARGEST = 1024 * 1024

const schema = z.object({
  schema: z.literal(1),
  answered: z.array(z.object({ node: z.string(), address: z.string(), accepts: z.boolean() })),
  unreachable: z.array(z.string()),
})

/** @returns an empty record if the file is missing or incomplete: then each node must answer once to be judged. */
export function readNodeRecord(applied: string): NodeRecord {
  const parsed = schema.safeParse(readJson(join(applied, NODE_RECORD_FILE), LARGEST))
  return parsed.success ? parsed.data : NOTHING
}

const NOTHING: NodeRecord = { answered: [], unreachable: [] }

export interface NodeRecordWriter {
  /** Writes the newest in the background. Never waits, never throws. */
  write(nodes: NodeRecord): void
  /** Resolves when no write is pending. */
  idle(): Promise<void>
}

/** Delay that joins writes: many nodes answer for the first time in one second. */
const GATHER_MS = 1_000

/**
 * @param onOutcome Reports how each write ended: null, or the error; the next agent then waits for an answer of each node.
 */
export function createNodeRecordWriter(
  applied: string,
  { clock, onOutcome }: { readonly clock: Clock; readonly onOutcome: (error: unknown) => void },
): NodeRecordWriter {
  const { put, idle } = createWriteBehind<NodeRecord>({
    clock,
    afterMs: GATHER_MS,
    write: async ({ answered, unreachable }) => {
      const text = `${JSON.stringify({ schema: 1, answered, unreachable })}\n`
      return replaceFile(join(applied, NODE_RECORD_FILE), text, 0o600).then(
        () => {
          onOutcome(null)
          return true
        },
        (error: unknown) => {
          onOutcome(error)
          return false
        },
      )
    },
  })
  return { write: put, idle }
}
