import { join } from "node:path"
import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import type { StandingFaults } from "../faults/standing-faults.ts"
import { createTrackedFiles } from "../keepalived/tracked-files.ts"
import { createDrainWatch, type DrainWatch } from "../vrrp/drain.ts"
import { drainIn } from "../volume/drain-file.ts"
import type { Machine, Surroundings } from "./machine.ts"
import type { SidecarSettings } from "./settings.ts"

interface Following extends Pick<Surroundings, "clock" | "log"> {
  readonly settings: Pick<SidecarSettings, "state" | "runDirectory" | "service" | "applied">
  readonly machine: Pick<Machine, "kernel" | "keepalived">
  /** The model in effect; null if none is known. */
  readonly inEffect: () => KeepalivedModel | null
  /** Called when a drain begins or ends. */
  readonly onChange: () => void
  readonly faults: StandingFaults
}

/** Keeps the node drained while a user wants it. */
export function followDrain({ settings, machine, inEffect, ...others }: Following): DrainWatch {
  const { state, runDirectory, service: serviceDirectory, applied } = settings
  return createDrainWatch({
    read: () => drainIn(state),
    handover: createTrackedFiles({ runDirectory, serviceDirectory, liveFile: join(applied, "keepalived.conf") }),
    holds: async () => {
      const instances = inEffect()?.instances
      if (instances === undefined) return null
      const found = await Promise.all(
        instances.map(async (one) => (await machine.kernel.addresses(one.interface))?.has(one.anchor) === true),
      )
      return found.includes(true)
    },
    isRunning: async () => (await machine.keepalived.running()) !== null,
    ...others,
  })
}
