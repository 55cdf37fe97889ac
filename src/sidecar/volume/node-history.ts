import { join } from "node:path"
import {
  decodeNodeEvent,
  encodeNodeEvent,
  NODE_HISTORY_BYTES,
  NODE_HISTORY_FILE,
  type NodeEvent,
  type RoleChange,
} from "../../contract/node-history.ts"
import { addLine, linesOf } from "../../kit/line-file.ts"

/** What happened on this node, on its disk: it outlives the pod. */
export interface NodeHistory {
  /** Changes of VRRP's state, oldest first, as they were when the agent started. */
  readonly roles: readonly RoleChange[]
  /** Has an event written, in the order of the calls. Never waits, never throws. */
  add(event: NodeEvent): void
  /** Resolves when nothing is left to write. */
  idle(): Promise<void>
}

export interface HistoryListeners {
  /** An event cannot be read or written. Nothing that serves traffic waits for it. */
  readonly failed: (error: unknown) => void
  /** An event is written. */
  readonly done: () => void
}

/** @param state The node's directory. */
export function openNodeHistory(state: string, { failed, done }: HistoryListeners): NodeHistory {
  const file = { path: join(state, NODE_HISTORY_FILE), fullBytes: NODE_HISTORY_BYTES }
  let work: Promise<void> = Promise.resolve()
  const write = async (event: NodeEvent) => {
    try {
      await addLine(file, encodeNodeEvent(event))
      done()
    } catch (error) {
      failed(error)
    }
  }
  return {
    roles: rolesIn(file, failed),
    add: (event) => {
      work = work.then(() => write(event))
    },
    idle: () => work,
  }
}

function rolesIn(file: Parameters<typeof linesOf>[0], failed: (error: unknown) => void): readonly RoleChange[] {
  try {
    return linesOf(file).flatMap((line) => {
      const event = decodeNodeEvent(line)
      return event?.kind === "role" ? event : []
    })
  } catch (error) {
    failed(error)
    return []
  }
}
