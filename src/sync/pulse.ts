import { BEAT_SECONDS, type Heartbeat, LONGEST_FAULT } from "../contract/heartbeat.ts"
import { faultText, machineText } from "../kit/fault.ts"
import type { Log } from "../kit/process/log.ts"
import { bootId, uptimeSeconds } from "../kit/time/uptime.ts"
import type { OpenSource } from "./open-source.ts"
import type { PassOutcome } from "./reconcile.ts"

export interface PulseOptions {
  /** Writes a beat to the volume. @throws If the volume cannot be written. */
  readonly write: (heartbeat: Heartbeat) => void
  readonly source: Pick<OpenSource, "staleMs">
  readonly log: Log
}

/** sync's signs of life for readers, also on a full disk. */
export interface Pulse {
  /** The same pass, but its outcome goes into the heartbeat. */
  feltBy(pass: () => Promise<PassOutcome>): () => Promise<PassOutcome>
  /** Why the last heartbeat could not be written; null if it was written. */
  trouble(): string | null
  stop(): void
}

/** Writes the heartbeat every two seconds. It logs a write fault once, and goes on. */
export function startPulse({ write, source, log }: PulseOptions): Pulse {
  const boot = bootId()
  let felt: Pick<Heartbeat, "sourceRead" | "published" | "fault"> = { sourceRead: null, published: null, fault: null }
  let trouble: string | null = null
  const beat = () => {
    const staleMs = source.staleMs()
    // The time of the last reading stays the same while its age is unknown.
    if (staleMs !== null && felt.sourceRead !== null)
      felt = { ...felt, sourceRead: Math.max(0, uptimeSeconds() - staleMs / 1000) }
    try {
      write({ bootId: boot, pid: process.pid, beat: uptimeSeconds(), ...felt })
      trouble = null
    } catch (error) {
      if (trouble === null) log.warn("no heartbeat", { error })
      trouble = faultText(error)
    }
  }
  // Also at once: from then on the file has its full size, even on a full disk.
  beat()
  const timer = setInterval(beat, BEAT_SECONDS * 1000)
  return {
    feltBy: (pass) => async () => {
      const outcome = await pass()
      if (outcome.kind === "settling") return outcome
      const isRead = outcome.kind === "published" || outcome.kind === "unchanged"
      felt = {
        sourceRead: isRead ? uptimeSeconds() : felt.sourceRead,
        published: outcome.published?.sequence ?? null,
        fault: outcome.kind === "failed" ? (machineText(outcome.fault)?.slice(0, LONGEST_FAULT) ?? null) : null,
      }
      beat()
      return outcome
    },
    trouble: () => trouble,
    stop: () => clearInterval(timer),
  }
}
