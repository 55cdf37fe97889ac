import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { encodeHeartbeat, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE } from "../../../../src/contract/heartbeat.ts"
import { encodeStatus, type StatusVip } from "../../../../src/contract/status.ts"
import type { VrrpState } from "../../../../src/contract/vrrp.ts"
import { bootId, uptimeSeconds } from "../../../../src/kit/time/uptime.ts"

interface Saying {
  readonly sequence: number
  readonly state: VrrpState
  readonly vips?: readonly StatusVip[]
}

/** A FAKE sidecar: what one would say that has all in effect. */
export function say(applied: string, node: string, { sequence, state, vips = [] }: Saying): void {
  const status = encodeStatus({
    ...{ time: new Date().toISOString(), outcome: "applied", code: null, reason: null },
    ...{ observedGeneration: sequence, appliedGeneration: sequence, appliedSha256: "a".repeat(64), pinned: null },
    ...{ node, keepalived: "running", drift: "none", keepalivedVersion: "2.3.3" },
    ...{ nodes: null, vips, problems: [] },
    vrrp: [
      { instance: "vips", interface: "eth0", state, since: new Date().toISOString(), reason: null, advertInterval: 1 },
    ],
  })
  writeFileSync(join(applied, "status.yaml"), status)
}

/** The sidecar lives. */
export function beat(applied: string): void {
  mkdirSync(join(applied, HEARTBEAT_DIRECTORY), { recursive: true })
  const now = uptimeSeconds()
  const heartbeat = { bootId: bootId(), pid: 1, beat: now, sourceRead: now, published: null, fault: null }
  writeFileSync(join(applied, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE), encodeHeartbeat(heartbeat))
}
