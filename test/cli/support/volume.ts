import { createHash } from "node:crypto"

import { POINTER_FILE, STATUS_FILE } from "../../../src/contract/layout.ts"
import {
  encodeHeartbeat,
  HEARTBEAT_BYTES,
  HEARTBEAT_DIRECTORY,
  HEARTBEAT_FILE,
} from "../../../src/contract/heartbeat.ts"
import { encodePointer } from "../../../src/contract/pointer.ts"
import { encodeStatus, type Status } from "../../../src/contract/status.ts"
import { encodeSyncStatus, type SyncStatus } from "../../../src/contract/sync-status.ts"
import type { SyncSigns } from "../../../src/contract/signs.ts"
import type { StatusVrrp } from "../../../src/contract/vrrp.ts"
import { bootId, uptimeSeconds } from "../../../src/kit/time/uptime.ts"
import type { Tree } from "./manifests.ts"

export const GENERATION = "00000000000000000007-0123456789ab"

/** The part of a master in the only VRRP instance. */
export const VRRP: StatusVrrp = {
  ...{ instance: "vips", interface: "eth0", state: "master" },
  ...{ since: "2026-11-22T22:00:00.000Z", reason: null, advertInterval: 1 },
}

export const STATUS: Status = {
  time: "2026-11-22T23:00:00.000Z",
  outcome: "applied",
  code: null,
  reason: null,
  observedGeneration: 7,
  appliedGeneration: 7,
  appliedSha256: "a".repeat(64),
  pinned: null,
  node: "n1",
  vrrp: [VRRP],
  keepalived: "running",
  drift: "none",
  keepalivedVersion: "2.3.3",
  nodes: null,
  vips: [
    {
      vip: "10.4.0.50",
      object: "ConfigMap default/vips",
      entry: "10.4.0.50",
      state: "applied",
      services: ["default/echo"],
      virtualServers: 1,
      realServers: 5,
      readyPods: 5,
      drainingPods: 0,
      unreachablePods: 0,
      unserved: 0,
      inEffect: true,
      problem: null,
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

/** What a sync shows that beat and read its source a moment ago. */
export const SYNC_SIGNS: SyncSigns = {
  silence: { kind: "age", seconds: 1 },
  sourceAge: { kind: "age", seconds: 1 },
  published: 7,
  fault: null,
  status: SYNC,
}

/** The heartbeat of a program that beat `ago` seconds ago, and read its source `readAgo` seconds ago. */
export function heartbeatText(
  ago: number,
  boot = bootId(),
  { readAgo = ago, fault = null }: { readonly readAgo?: number; readonly fault?: string | null } = {},
): string {
  const now = uptimeSeconds()
  return encodeHeartbeat({ bootId: boot, pid: 7, beat: now - ago, sourceRead: now - readAgo, published: 7, fault })
}

/** Any text in the place of a heartbeat's JSON, with the checksum that it should have. */
export function forgedHeartbeat(json: string): string {
  const check = createHash("sha256").update(json).digest("hex").slice(0, 16)
  return `${json.padEnd(HEARTBEAT_BYTES - 18)} ${check}\n`
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
    [`applied/${HEARTBEAT_DIRECTORY}/${HEARTBEAT_FILE}`]: heartbeatText(1),
    [`applied/${STATUS_FILE}`]: encodeStatus({ ...STATUS, ...changes.status }),
    ...Object.fromEntries(
      Object.entries(manifests).map(([name, content]) => [`desired/generations/${directory}/${name}`, content]),
    ),
  }
}
