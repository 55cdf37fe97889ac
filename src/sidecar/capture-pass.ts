import type { Workings } from "./agent-ports.ts"
import type { InEffect } from "./agent-state.ts"
import type { Captured } from "./captured.ts"

/** How long a look that failed is waited with before it is tried once more: another program may have held the lock. */
const AGAIN_MS = 5_000
/** A look takes at most a twentieth of the time, however many rules the node has. */
const COST_FACTOR = 20

export interface CapturePass {
  /** Looks, unless the last look was so long that it is too soon. Never throws: that it cannot be told is then what is known. */
  look(): Promise<void>
  /** Looks where the virtual servers in effect are others than at the last look. */
  lookIfNew(): Promise<void>
  /** Ends the look under way. */
  stop(): void
}

/** Looks for rules of this node that take the packets of what is in effect before IPVS sees them. Changes nothing. */
export function createCapturePass(workings: Workings): CapturePass {
  const { state, ports } = workings
  const stopping = new AbortController()
  let last = { servers: "", endedAt: 0, tookMs: 0 }
  let looked: InEffect | null = null
  let underWay: Promise<void> | null = null
  const isDue = () => last.servers === "" || ports.clock.now() >= last.endedAt + last.tookMs * COST_FACTOR
  const run = async (): Promise<void> => {
    const { inEffect } = state.known()
    if (inEffect === null || ports.captures === undefined || stopping.signal.aborted || !isDue()) return
    const { captured, tookMs } = await capturedOf(inEffect, workings, stopping.signal)
    if (stopping.signal.aborted) return
    last = { servers: serversOf(inEffect), endedAt: ports.clock.now(), tookMs }
    note(captured, workings)
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

/** Never empty, so that the first look is one of other servers. */
function serversOf({ model }: InEffect): string {
  const servers = model.vips.flatMap(({ virtualServers }) => virtualServers)
  return `servers ${servers.map(({ address, port, protocol }) => `${address} ${port} ${protocol}`).join()}`
}

async function capturedOf(
  { model }: InEffect,
  { ports }: Workings,
  signal: AbortSignal,
): Promise<{ readonly captured: Captured; readonly tookMs: number }> {
  const servers = model.vips.flatMap(({ virtualServers }) => virtualServers)
  for (let isAgain = false; ; isAgain = true) {
    const startedAt = ports.clock.now()
    try {
      const found = (await ports.captures?.({ servers, inward: model.vrrp.interface, signal })) ?? []
      return { captured: { found, unknown: null }, tookMs: ports.clock.now() - startedAt }
    } catch (error) {
      const unknown = error instanceof Error ? error.message : String(error)
      if (isAgain || signal.aborted) return { captured: { found: [], unknown }, tookMs: ports.clock.now() - startedAt }
      await ports.clock.delay(AGAIN_MS, signal)
    }
  }
}

/** Says in the log what is another than before. */
function note(captured: Captured, { state, ports }: Workings): void {
  const { found, unknown } = captured
  const before = state.known().captured
  state.update({ captured })
  if (JSON.stringify(before ?? NOTHING) === JSON.stringify(captured)) return
  if (unknown !== null) ports.log.warn("captures-unknown", { reason: unknown })
  else ports.log.warn("captures", { count: found.length, first: found[0] ?? null })
  ports.onChange(state.known())
}

const NOTHING: Captured = { found: [], unknown: null }
