import { join } from "node:path"
import {
  decodeNodeEvent,
  encodeNodeEvent,
  NODE_HISTORY_BYTES,
  NODE_HISTORY_FILE,
  type NodeEvent,
  type RoleChange,
} from "../../contract/node/history.ts"
import { addLine, linesOf } from "../../kit/files/line-file.ts"

/** The events of this node, on its disk: they outlive the pod. */
export interface NodeHistory {
  /** Changes of VRRP's state, oldest first, as of the agent's start. */
  readonly roles: readonly RoleChange[]
  /** Writes an event in the background, in the order of the calls. Never waits, never throws. */
  add(event: NodeEvent): void
  /** All kept events as they are on the disk, oldest first. @throws if they cannot be read. */
  events(): readonly NodeEvent[]
  /** Resolves when no write is pending. */
  idle(): Promise<void>
}

export interface HistoryListeners {
  /** Reports that an event cannot be read or written. Traffic does not wait for it. */
  readonly failed: (error: unknown) => void
  /** Reports that an event is written. */
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
    events: () => eventsIn(file),
    add: (event) => {
      work = work.then(() => write(event))
    },
    idle: () => work,
  }
}

function eventsIn(file: Parameters<typeof linesOf>[0]): readonly NodeEvent[] {
  return linesOf(file).flatMap((line) => decodeNodeEvent(line) ?? [])
}

function rolesIn(file: Parameters<typeof linesOf>[0], failed: (error: unknown) => void): readonly RoleChange[] {
  try {
    return eventsIn(file).filter((event) => event.kind === "role")
  } catch (error) {
    failed(error)
    return []
  }
}
