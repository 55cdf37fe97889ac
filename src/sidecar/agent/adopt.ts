import { join } from "node:path"
import { addressesOf } from "../../core/model/keepalived-model.ts"
import type { Clock } from "../../kit/time/clock.ts"
import type { Start } from "./state.ts"
import { APPLIED_RECORD_FILE } from "./records.ts"
import { type AppliedHistory, NO_HISTORY } from "./history.ts"
import type { Keepalived } from "../ports.ts"
import type { AppliedVolume } from "../volume/config-files.ts"
import type { LastKnownGood } from "../volume/last-known-good.ts"
import { readAppliedRecord } from "../volume/applied-record.ts"

export interface AdoptPorts {
  readonly volume: AppliedVolume
  readonly keepalived: Pick<Keepalived, "running">
  readonly clock: Clock
  /** The configuration that last ran through its soak on this node, in this pod or in an earlier one. */
  readonly lastKnownGood: () => LastKnownGood | null
}

/**
 * Adopts what the last agent left: a configuration on which journal, live file and a running keepalived agree. A new pod
 * has an empty volume. Guards then compare with the record of the node itself, and broken entries are held in that form.
 */
export async function adopt(applied: string, ports: AdoptPorts): Promise<Start> {
  const { volume, keepalived, clock } = ports
  const record = readAppliedRecord(join(applied, APPLIED_RECORD_FILE))
  const { vips } = await volume.ledger()
  const known = record ?? ports.lastKnownGood()?.record ?? null
  const { lastGood, past } = known ?? NO_HISTORY
  const ran = past.model === null ? [] : addressesOf(past.model)
  const announced = new Set([...past.announced, ...ran, ...vips])
  const history: AppliedHistory = { ...NO_HISTORY, lastGood, past: { ...past, announced } }
  if (record === null) return { inEffect: null, history }
  const journal = await volume.journal()
  const agrees =
    journal?.phase === "in-effect" &&
    journal.to === record.sha256 &&
    (await volume.liveSha256()) === record.sha256 &&
    (await keepalived.running()) !== null
  const { sha256, model } = record
  // Even if the ledger is lost, everything that runs is ours.
  if (agrees) await volume.claim(model)
  return { inEffect: agrees ? { sha256, model, generation: null, since: clock.now() } : null, history }
}
