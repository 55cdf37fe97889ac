import { createHash } from "node:crypto"

import { POINTER_FILE, STATUS_FILE } from "../../../src/contract/layout.ts"
import { encodeHeartbeat, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE } from "../../../src/contract/heartbeat.ts"
import { encodePointer } from "../../../src/contract/pointer.ts"
import { encodeStatus, type Status } from "../../../src/contract/status.ts"
import { encodeSyncStatus, type SyncStatus } from "../../../src/contract/sync-status.ts"
import { bootId, uptimeSeconds } from "../../../src/kit/uptime.ts"
import type { Tree } from "./manifests.ts"

export const GENERATION = "00000000000000000007-0123456789ab"

export const STATUS: Status = {
  time: "2026-11-22T23:00:00.000Z",
  outcome: "applied",
  reason: null,
  observedGeneration: 7,
  appliedGeneration: 7,
  appliedSha256: "a".repeat(64),
  pinned: null,
  node: "n1",
  interface: "eth0",
  vrrp: { state: "master", since: "2026-11-22T22:00:00.000Z", reason: null, advertInterval: 1 },
  keepalivedVersion: "2.3.3",
  nodes: null,
  vips: [
    {
      vip: "10.4.0.50",
      entry: "10.4.0.50",
      state: "applied",
      services: ["default/echo"],
      virtualServers: 1,
      realServers: 5,
      reason: null,
    },
  ],
  problems: [],
}

export const SYNC: SyncStatus = {
  state: "published",
  since: "2026-11-22T22:59:59.000Z",
  source: "/git",
  sequence: 7,
  directory: GENERATION,
  problems: [],
}

/** The heartbeat of a sync that beat `ago` seconds ago. */
export function heartbeatText(ago: number): string {
  const beat = uptimeSeconds() - ago
  return encodeHeartbeat({ bootId: bootId(), pid: 7, beat, sourceRead: beat, published: 7, fault: null })
}

/** Both volumes, as sync and the sidecar leave them. @param manifests the files of the generation. */
export function volumes(
  manifests: Tree,
  changes: { readonly status?: Partial<Status>; readonly sync?: Partial<SyncStatus>; readonly sequence?: number } = {},
): Tree {
  const directory = GENERATION.replace("7-", `${changes.sequence ?? 7}-`)
  const pointer = encodePointer({
    sequence: changes.sequence ?? 7,
    writer: { bootId: "b", pid: 1, startedAtUptime: 1 },
    directory,
    manifestSha256: createHash("sha256").update("").digest("hex"),
    counts: { files: 1, configMaps: 1, services: 0, endpoints: 0, nodes: 0 },
  })
  return {
    [`desired/${POINTER_FILE}`]: pointer,
    [`desired/${STATUS_FILE}`]: encodeSyncStatus({ ...SYNC, ...changes.sync }),
    [`desired/${HEARTBEAT_DIRECTORY}/${HEARTBEAT_FILE}`]: heartbeatText(1),
    [`applied/${STATUS_FILE}`]: encodeStatus({ ...STATUS, ...changes.status }),
    ...Object.fromEntries(
      Object.entries(manifests).map(([name, content]) => [`desired/generations/${directory}/${name}`, content]),
    ),
  }
}
