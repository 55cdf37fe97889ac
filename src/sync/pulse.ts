import { BEAT_SECONDS, type Heartbeat, LONGEST_FAULT } from "../contract/heartbeat.ts"
import { faultText, machineText } from "../kit/fault.ts"
import type { Log } from "../kit/log.ts"
import { bootId, uptimeSeconds } from "../kit/uptime.ts"
import type { OpenSource } from "./open-source.ts"
import type { PassOutcome } from "./reconcile.ts"

export interface PulseOptions {
  /** Puts a beat where readers find it. @throws when the volume cannot be written. */
  readonly write: (heartbeat: Heartbeat) => void
  readonly source: Pick<OpenSource, "staleMs">
  readonly log: Log
}

/** What readers can know of a sync from moment to moment, also on a disk that takes nothing any more. */
export interface Pulse {
  /** The same pass; what it saw goes into the heartbeat. */
  feltBy(pass: () => Promise<PassOutcome>): () => Promise<PassOutcome>
  /** Why the last heartbeat could not be written; null where it could. */
  trouble(): string | null
  stop(): void
}

/** Writes the heartbeat every other second. What cannot be written is said once, and hinders nothing. */
export function startPulse({ write, source, log }: PulseOptions): Pulse {
  const boot = bootId()
  let felt: Pick<Heartbeat, "sourceRead" | "published" | "fault"> = { sourceRead: null, published: null, fault: null }
  let trouble: string | null = null
  const beat = () => {
    const staleMs = source.staleMs()
    // What was read stays as it is while nobody can say whether it still holds.
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
  // At once, too: from then on the record has its bytes, and no full disk can take them.
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
