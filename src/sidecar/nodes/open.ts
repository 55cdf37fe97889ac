import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import type { Clock } from "../../kit/clock.ts"
import type { Log } from "../../kit/log.ts"
import { createHolderWait, type HolderOptions } from "./holder.ts"
import { createNodeWatch, type NodeWatch, type NodeWatchOptions } from "./node-watch.ts"
import { createProber } from "./probe.ts"

export interface OpenNodes extends Pick<NodeWatchOptions, "remembered" | "remember" | "changed" | "told"> {
  readonly settings: { readonly node: string; readonly nodeProbePort: number }
  readonly clock: Clock
  readonly log: Log
}

/** Asks for the holder of the VIPs with real sockets; where the port says that nobody is to be asked, nobody waits. */
export function openHolderWait(
  port: number,
  { addresses, clock, log }: Pick<HolderOptions, "addresses" | "clock"> & { readonly log: Log },
): (model: KeepalivedModel) => Promise<number> {
  if (port === 0) return () => Promise.resolve(0)
  const prober = createProber({ timeoutMs: HOLDER_TIMEOUT_MS })
  return createHolderWait({
    ...{ port, addresses, clock },
    ask: (target) => prober.ask(target),
    waited: (facts) => log.warn("holder-awaited", facts),
  })
}

/** The question is asked on the way to each reload of a backup. On a LAN a living kernel answers within a millisecond. */
const HOLDER_TIMEOUT_MS = 250

/** Watches the nodes with real sockets. Null where the port says that nobody wants it. */
export function openNodeWatch({ settings, ...options }: OpenNodes): NodeWatch | null {
  const { node: self, nodeProbePort: port } = settings
  if (port === 0) return null
  const prober = createProber()
  const watch = createNodeWatch({ ...options, self, port, ask: (target) => prober.ask(target) })
  return {
    ...watch,
    stop: async () => {
      await watch.stop()
      prober.close()
    },
  }
}
