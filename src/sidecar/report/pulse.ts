import { BEAT_SECONDS, LONGEST_FAULT } from "../../contract/heartbeat.ts"
import type { HeartbeatWriter } from "../../heartbeats/write.ts"
import { type StandingFaults, stableText } from "../faults/standing-faults.ts"

export interface PulseOptions {
  /** Where its readers find the heartbeat. Closed at the end. */
  readonly record: HeartbeatWriter
  /** Sequence of the generation in effect; null for none. */
  readonly inEffect: () => number | null
  /** Why the status cannot be written; null when it can. */
  readonly fault: () => string | null
  /** Seconds since boot, and the ID of that boot. */
  readonly uptime: () => number
  readonly bootId: string
  readonly faults: Pick<StandingFaults, "raise" | "clear">
}

/** Shows readers of the status that the agent lives. Otherwise they would trust the last status of a dead agent. */
export interface Pulse {
  /** Records that the agent has checked keepalived completely. */
  looked(): void
  stop(): void
}

/** Writes a heartbeat at once, and then every two seconds. */
export function startPulse({ record, inEffect, fault, uptime, bootId, faults }: PulseOptions): Pulse {
  let lookedAt: number | null = null
  const beat = () => {
    try {
      record.write({
        bootId,
        pid: process.pid,
        beat: uptime(),
        sourceRead: lookedAt,
        published: inEffect(),
        fault: fault()?.slice(0, LONGEST_FAULT) ?? null,
      })
      faults.clear(KEY)
    } catch (error) {
      faults.raise(KEY, {
        code: "HEARTBEAT_FAILED",
        message: `Cannot write the agent's heartbeat: ${stableText(error)}; others take the agent for dead`,
      })
    }
  }
  beat()
  const timer = setInterval(beat, BEAT_SECONDS * 1000)
  return {
    looked: () => {
      lookedAt = uptime()
    },
    stop: () => {
      clearInterval(timer)
      record.close()
    },
  }
}

const KEY = "heartbeat"
