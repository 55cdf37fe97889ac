import type { Drained } from "../../contract/node/drain.ts"
import { faultText } from "../../kit/fault.ts"
import type { Clock } from "../../kit/time/clock.ts"
import type { Log } from "../../kit/process/log.ts"
import type { StandingFaults } from "../faults/standing-faults.ts"
import type { TrackedFiles } from "../keepalived/tracked-files.ts"
import type { DrainReading } from "../volume/drain-file.ts"

export interface DrainOptions {
  readonly read: () => DrainReading
  /** How this node gives its VIPs away. */
  readonly handover: TrackedFiles
  /** Whether this node holds VIPs, as the kernel shows it; null: unknown, because no configuration is known to be in effect. */
  readonly holds: () => Promise<boolean | null>
  readonly isRunning: () => Promise<boolean>
  readonly onChange: () => void
  readonly faults: Pick<StandingFaults, "raise" | "clear">
  readonly clock: Clock
  readonly log: Pick<Log, "info" | "warn">
}

/** Keeps the node drained for as long as `drain.json` exists. */
export interface DrainWatch {
  /** As of the last look; null: the node takes part as usual. */
  drained(): Drained | null
  /** True from the release until the neighbours send to the next holder. */
  isHandingOver(): boolean
  /** Calls during a look do nothing. Never throws. */
  look(): Promise<void>
  /** Ends the waits of a look, and resolves when it has ended. */
  stop(): Promise<void>
}

/** Time for keepalived to react to the release file, also while it reads a large configuration. */
const REACT_MS = 10_000
const POLL_MS = 20
/** Frames for the VIPs arrive here until each neighbour has seen the gratuitous ARP of the next holder. */
const NEIGHBOURS_MS = 1_500

/**
 * A drained node has the lowest priority, so that each other node takes over before it does, and it still takes over if no other
 * node announces: a VIP that can be held is held. The others do not preempt a low priority (`nopreempt`), so a holder first
 * gives up its role once: FAULT, and with it an advert of priority 0, until its addresses are gone. Each drain does that once:
 * a drained node that had to take the VIPs back keeps them, until a user drains it again.
 */
export function createDrainWatch(options: DrainOptions): DrainWatch {
  const { read, handover, holds, isRunning, faults, log } = options
  let drained: Drained | null = null
  let isFirst = true
  let isHandingOver = false
  let looking: Promise<void> | null = null
  const ending = new AbortController()

  async function follow(next: Drained | null): Promise<void> {
    if ((await handover.isLow()) !== (next !== null)) await handover.setLow(next !== null)
    if (isFirst && !handover.isStopping() && (await handover.isReleased())) {
      // An agent ended in the middle of a handover.
      await handover.setReleased(false)
      await handover.keepConnections("end")
    }
    isFirst = false
    note(next)
    if (next === null) return (await handover.done()) === null ? undefined : handover.setDone(null)
    if ((await handover.done()) === next.since) return faults.clear("handover")
    // A keepalived that starts begins as a backup.
    const holdsNow = (await isRunning()) ? await holds() : false
    if (holdsNow === null) return
    if (holdsNow) {
      isHandingOver = true
      const isOver = await handOver(options, next, ending.signal).finally(() => (isHandingOver = false))
      if (!isOver) return
    }
    await handover.setDone(next.since)
    faults.clear("handover")
  }

  function note(next: Drained | null): void {
    const before = drained
    drained = next
    if (before?.since === next?.since) return
    if (next === null) log.info("drain-ended", { since: before?.since ?? null })
    else log.info("drained", { since: next.since, reason: next.reason })
    options.onChange()
  }

  async function lookOnce(): Promise<void> {
    const reading = read()
    if (reading.kind === "unreadable") {
      const stays = drained === null ? "the node is not drained" : "the node stays drained"
      const message = `Cannot read "${reading.path}": ${reading.reason}; ${stays}; run "kkv resume drain", or "kkv drain" again`
      return faults.raise("drain", { code: "DRAIN_UNREADABLE", message })
    }
    faults.clear("drain")
    await follow(reading.kind === "none" ? null : { since: reading.drain.drainedAt, reason: reading.drain.reason })
    if (drained === null) faults.clear("handover")
  }

  return {
    drained: () => drained,
    isHandingOver: () => isHandingOver,
    look: async () => {
      if (looking !== null || ending.signal.aborted) return
      looking = lookOnce().catch((error: unknown) => {
        const message = `Cannot drain this node, or end that: ${faultText(error)}`
        faults.raise("handover", { code: "HANDOVER_FAILED", message })
      })
      await looking
      looking = null
    },
    stop: async () => {
      ending.abort()
      await looking
    },
  }
}

/** @returns whether the node gave its VIPs up. */
async function handOver(options: DrainOptions, { reason }: Drained, ending: AbortSignal): Promise<boolean> {
  const { handover, holds, faults, clock, log } = options
  if (handover.isStopping()) return false
  log.info("handing-over", { reason })
  const since = clock.now()
  await handover.keepConnections("begin")
  let isGone = false
  try {
    await handover.setReleased(true)
    for (;;) {
      isGone = (await holds()) === false
      if (isGone || ending.aborted || clock.now() - since >= REACT_MS) break
      await clock.delay(POLL_MS, ending)
    }
  } finally {
    // The orderly stop of the container wants the file as it is.
    if (!handover.isStopping()) await handover.setReleased(false)
  }
  const ms = Math.round(clock.now() - since)
  if (isGone) await clock.delay(NEIGHBOURS_MS, ending)
  if (!handover.isStopping()) await handover.keepConnections("end")
  if (isGone) {
    log.info("handed-over", { ms })
    return true
  }
  if (ending.aborted) return false
  const message = `Cannot hand the VIPs over: keepalived did not give them up within ${REACT_MS / 1_000} s, and still holds them; look at its log`
  faults.raise("handover", { code: "HANDOVER_FAILED", message })
  return false
}
