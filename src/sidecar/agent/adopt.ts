import { join } from "node:path"
import type { Clock } from "../../kit/time/clock.ts"
import type { InEffect } from "./state.ts"
import { MEMORY_FILE } from "./records.ts"
import { type Memory, NO_MEMORY } from "./history.ts"
import type { Keepalived } from "../ports.ts"
import type { AppliedVolume } from "../volume/config-files.ts"
import type { KnownGood } from "../volume/last-known-good.ts"
import { readRemembered } from "../volume/applied-record.ts"

export interface AdoptPorts {
  readonly volume: AppliedVolume
  readonly keepalived: Pick<Keepalived, "running">
  readonly clock: Clock
  /** The configuration that last ran through its soak on this node, in this pod or in an earlier one. */
  readonly knownGood: () => KnownGood | null
}

export interface Adopted {
  readonly inEffect: InEffect | null
  readonly memory: Memory
}

/**
 * Adopts what the last agent left: a configuration on which journal, live file and a running keepalived agree. A new pod
 * has an empty volume. Guards then compare with what the node itself remembers, and broken entries are held in that form.
 */
export async function adopt(applied: string, ports: AdoptPorts): Promise<Adopted> {
  const { volume, keepalived, clock } = ports
  const remembered = readRemembered(join(applied, MEMORY_FILE))
  const { vips } = await volume.ledger()
  const known = remembered ?? ports.knownGood()?.remembered ?? null
  const { lastGood, past } = known ?? NO_MEMORY
  const ran = past.model?.vips.map(({ address }) => address) ?? []
  const announced = new Set([...past.announced, ...ran, ...vips])
  const memory: Memory = { ...NO_MEMORY, lastGood, past: { ...past, announced } }
  if (remembered === null) return { inEffect: null, memory }
  const journal = await volume.journal()
  const agrees =
    journal?.phase === "in-effect" &&
    journal.to === remembered.sha256 &&
    (await volume.liveSha256()) === remembered.sha256 &&
    (await keepalived.running()) !== null
  const { sha256, model } = remembered
  // Even if the ledger is lost, everything that runs is ours.
  if (agrees) await volume.claim(model)
  return { inEffect: agrees ? { sha256, model, generation: null, since: clock.now() } : null, memory }
}
