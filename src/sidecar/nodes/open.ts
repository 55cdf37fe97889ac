import type { Clock } from "../../kit/time/clock.ts"
import type { Log } from "../../kit/process/log.ts"
import { createNodeWatch, type NodeWatch, type NodeWatchOptions } from "./node-watch.ts"
import { createProber } from "./probe.ts"

export interface OpenNodes extends Pick<NodeWatchOptions, "record" | "writeRecord" | "onChange" | "onRecord"> {
  readonly settings: { readonly node: string; readonly nodeProbePort: number }
  readonly clock: Clock
  readonly log: Log
}

/** Watches the nodes with real sockets. Null if port 0 disables the watch. */
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
