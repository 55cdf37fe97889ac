import { faultText } from "../../kit/fault.ts"
import type { Workings } from "./ports.ts"
import type { InEffect } from "./state.ts"
import { afterCaptureLook } from "./transitions.ts"
import type { Capture } from "../capture/capture.ts"

/** Pause before a failed look is repeated once, in ms: another program may have held the lock. */
const AGAIN_MS = 5_000
/** Longest normal look, in ms. A longer one takes at most a sixth of the time, however many rules the node has. */
const LONG_LOOK_MS = 3_000
const COST_FACTOR = 5

export interface CapturePass {
  /** Looks, unless the last look was slow and is too recent. Never throws: a failure is recorded as a fault. */
  look(): Promise<void>
  /** Looks if the virtual servers in effect differ from those of the last look. */
  lookIfNew(): Promise<void>
  /** Stops the current look. */
  stop(): void
}

/** Looks for rules of this node that take the packets of the configuration in effect before IPVS. Changes nothing. */
export function createCapturePass(workings: Workings): CapturePass {
  const { state, ports } = workings
  const stopping = new AbortController()
  let last = { servers: "", endedAt: 0, tookMs: 0 }
  let looked: InEffect | null = null
  let underWay: Promise<void> | null = null
  const isDue = () => {
    const pauseMs = last.tookMs > LONG_LOOK_MS ? last.tookMs * COST_FACTOR : 0
    return last.servers === "" || ports.clock.now() >= last.endedAt + pauseMs
  }
  const run = async (): Promise<void> => {
    const { inEffect } = state.known()
    if (inEffect === null || ports.captures === undefined || stopping.signal.aborted || !isDue()) return
    const { found, tookMs } = await lookFor(inEffect, workings, stopping.signal)
    if (stopping.signal.aborted) return
    last = { servers: serversOf(inEffect), endedAt: ports.clock.now(), tookMs }
    // A failed look does not clear what an earlier look found.
    if (found !== null) note(found, workings)
  }
  const look = () => (underWay ??= run().finally(() => (underWay = null)))
  const lookIfNew = async (): Promise<void> => {
    const { inEffect } = state.known()
    if (inEffect === null || inEffect === looked) return
    if (last.servers !== serversOf(inEffect)) await look()
    if (last.servers === serversOf(inEffect)) looked = inEffect
  }
  return { look, lookIfNew, stop: () => stopping.abort() }
}

/** Never empty, so that the first look always finds a difference. */
function serversOf({ model }: InEffect): string {
  const servers = model.vips.flatMap(({ virtualServers }) => virtualServers)
  return `servers ${servers.map(({ address, port, protocol }) => `${address} ${port} ${protocol}`).join()}`
}

interface Looked {
  /** Null: the rules cannot be read. */
  readonly found: readonly Capture[] | null
  readonly tookMs: number
}

/** Looks, and repeats a failed look once. The fault persists until a look succeeds. */
async function lookFor({ model }: InEffect, { ports }: Workings, signal: AbortSignal): Promise<Looked> {
  const servers = model.vips.flatMap(({ virtualServers }) => virtualServers)
  for (let isAgain = false; ; isAgain = true) {
    const startedAt = ports.clock.now()
    try {
      const found = (await ports.captures?.({ servers, inward: model.vrrp.interface, signal })) ?? []
      ports.faults.clear(FAULT)
      return { found, tookMs: ports.clock.now() - startedAt }
    } catch (error) {
      if (isAgain && !signal.aborted)
        ports.faults.raise(FAULT, { code: "FORWARDING_UNKNOWN", message: `${UNKNOWN}: ${faultText(error)}` })
      if (isAgain || signal.aborted) return { found: null, tookMs: ports.clock.now() - startedAt }
      await ports.clock.delay(AGAIN_MS, signal)
    }
  }
}

const FAULT = "forwarding"
const UNKNOWN = "Cannot tell whether a rule of this node takes the packets of the VIPs before IPVS"

/** Logs the captures that began and ended. */
function note(found: readonly Capture[], { state, ports }: Workings): void {
  const before = state.known().captured ?? []
  state.become(afterCaptureLook(found))
  if (JSON.stringify(before) === JSON.stringify(found)) return
  ports.log.warn("captures", { count: found.length, first: found[0] ?? null })
  ports.onChange(state.known())
}
