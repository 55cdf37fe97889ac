import type { Clock } from "../../kit/time/clock.ts"
import type { ProcessIdentity, RunningKeepalived } from "../ports.ts"
import type { ProcessLog } from "./log.ts"
import { ageOf, isSame, type PidFiles, runningKeepalived } from "./process.ts"
import { type StartState, startState } from "./verdict.ts"

/** Whether keepalived has its signal handlers: SIGHUP kills it before its start is complete (measured on 2.2.7 and 2.3.3). */
export interface Readiness {
  /** Records that this parent has completed its start, and accepts files. */
  note(parent: ProcessIdentity): void
  /** Forgets what is known: the log decides again. */
  forget(): void
  stateOf(now: RunningKeepalived): Promise<StartState>
  /** True when a signal to it, or to a child, does no harm. */
  isReady(now: RunningKeepalived): Promise<boolean>
  /** Waits until it is ready. @returns null, or why it never became ready. */
  awaitReady(target: RunningKeepalived): Promise<string | null>
}

export interface ReadinessOptions {
  readonly files: PidFiles
  readonly log: ProcessLog
  /** Time limit of a start, in ms. */
  readonly limitMs: () => Promise<number>
  readonly clock: Clock
}

/** Age after which a start whose log is not kept any more counts as complete. */
const START_AGE_SECONDS = 5
/** A younger child may not have its signal handlers yet: SIGHUP would end it. */
const CHILD_AGE_SECONDS = 1
const POLL_MS = 50

export const ENDED = "keepalived does not run any more"

export function createReadiness({ files, log, limitMs, clock }: ReadinessOptions): Readiness {
  let started: ProcessIdentity | null = null
  const stateOf = async (now: RunningKeepalived): Promise<StartState> => {
    if (isSame(started, now.parent)) return "complete"
    const state = startState(await log.since(null), now.vrrp?.pid ?? null)
    // The log of a process that has run for a long time may have been rotated away.
    return state === "unknown" && ageOf(now.parent) > START_AGE_SECONDS ? "complete" : state
  }
  return {
    note: (parent) => {
      started = parent
    },
    forget: () => {
      started = null
    },
    stateOf,
    isReady: async (now) => (await stateOf(now)) === "complete" && childrenAreOfAge(now),
    awaitReady: async (target) => {
      const limit = await limitMs()
      const deadline = clock.now() + limit
      for (;;) {
        const now = runningKeepalived(files)
        if (now === null || !isSame(now.parent, target.parent)) return ENDED
        const state = await stateOf(now)
        if (state === "spoiled")
          return "keepalived must be restarted: it refused an earlier file, and misreads every one since"
        if (state === "complete" && childrenAreOfAge(now)) {
          started = now.parent
          return null
        }
        if (clock.now() >= deadline) return `keepalived did not come through its start within ${seconds(limit)}`
        await clock.delay(POLL_MS)
      }
    },
  }
}

function childrenAreOfAge(now: RunningKeepalived): boolean {
  if (now.vrrp === null) return false
  const parentAge = ageOf(now.parent)
  const ages = [now.vrrp, now.checker].filter((child) => child !== null).map(ageOf)
  // Children that started with their parent are ready with it; a respawned child is ready later.
  return ages.every((age) => age > CHILD_AGE_SECONDS || parentAge - age < CHILD_AGE_SECONDS)
}

/** `2.5 s` */
export function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`
}
