import { virtualServerKey, virtualServersOf } from "../../core/model/keepalived-model.ts"
import { faultText } from "../../kit/fault.ts"
import type { Touches } from "./ports.ts"
import type { InEffect } from "./state.ts"
import { afterCaptures } from "./transitions.ts"
import type { Capture } from "../capture/capture.ts"
import type { InwardServer } from "../capture/find-captures.ts"

/** Pause before a failed search is repeated once, in ms: another program may have held the lock. */
const AGAIN_MS = 5_000
/** Longest normal search, in ms. A longer one takes at most a sixth of the time, however many rules the node has. */
const LONG_SEARCH_MS = 3_000
const COST_FACTOR = 5

type Searching = Touches<"state", "findCaptures" | "clock" | "faults" | "log" | "onChange">

export interface CapturePass {
  /** Searches, unless the last search was slow and is too recent. Never throws: a failure is recorded as a fault. */
  search(): Promise<void>
  /** Searches if the virtual servers in effect differ from those of the last search. */
  searchIfNew(): Promise<void>
  /** Stops the current search. */
  stop(): void
}

/** Searches for rules of this node that take the packets of the configuration in effect before IPVS. Changes nothing. */
export function createCapturePass(workings: Searching): CapturePass {
  const { state, ports } = workings
  const stopping = new AbortController()
  let last = { servers: "", endedAt: 0, tookMs: 0 }
  let searched: InEffect | null = null
  let underWay: Promise<void> | null = null
  const isDue = () => {
    const pauseMs = last.tookMs > LONG_SEARCH_MS ? last.tookMs * COST_FACTOR : 0
    return last.servers === "" || ports.clock.now() >= last.endedAt + pauseMs
  }
  const run = async (): Promise<void> => {
    const { inEffect } = state.known()
    if (inEffect === null || ports.findCaptures === undefined || stopping.signal.aborted || !isDue()) return
    const { found, tookMs } = await searchFor(inEffect, ports, stopping.signal)
    if (stopping.signal.aborted) return
    last = { servers: serversOf(inEffect), endedAt: ports.clock.now(), tookMs }
    // A failed search does not clear what an earlier search found.
    if (found !== null) reportCaptures(found, workings)
  }
  const search = () => (underWay ??= run().finally(() => (underWay = null)))
  const searchIfNew = async (): Promise<void> => {
    const { inEffect } = state.known()
    if (inEffect === null || inEffect === searched) return
    if (last.servers !== serversOf(inEffect)) await search()
    if (last.servers === serversOf(inEffect)) searched = inEffect
  }
  return { search, searchIfNew, stop: () => stopping.abort() }
}

/** Never empty, so that the first search always finds a difference. */
function serversOf({ model }: InEffect): string {
  return `servers ${virtualServersOf(model).map(virtualServerKey).join()}`
}

interface SearchResult {
  /** Null: the rules cannot be read. */
  readonly found: readonly Capture[] | null
  readonly tookMs: number
}

/** Searches, and repeats a failed search once. The fault persists until a search succeeds. */
async function searchFor({ model }: InEffect, ports: Searching["ports"], signal: AbortSignal): Promise<SearchResult> {
  const servers = inwardServersOf(model)
  for (let isAgain = false; ; isAgain = true) {
    const startedAt = ports.clock.now()
    try {
      const found = (await ports.findCaptures?.({ servers, signal })) ?? []
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

/** Clients' packets arrive on the interface of the VRRP instance. */
function inwardServersOf({ instances }: InEffect["model"]): readonly InwardServer[] {
  return instances.flatMap(({ interface: inward, vips }) =>
    vips.flatMap(({ virtualServers }) =>
      virtualServers.map(({ address, port, protocol }) => ({ address, port, protocol, inward })),
    ),
  )
}

const FAULT = "forwarding"
const UNKNOWN = "Cannot tell whether a rule of this node takes the packets of the VIPs before IPVS"

/** Logs the captures that began and ended. */
function reportCaptures(found: readonly Capture[], { state, ports }: Searching): void {
  const before = state.known().captured ?? []
  state.become(afterCaptures(found))
  if (JSON.stringify(before) === JSON.stringify(found)) return
  ports.log.warn("captures", { count: found.length, first: found[0] ?? null })
  ports.onChange(state.known())
}
