import { faultText } from "../../kit/fault.ts"
import type { Log } from "../../kit/process/log.ts"
import type { StandingFaults } from "../faults/standing-faults.ts"
import type { Hook, HookResult, Told } from "./hook.ts"

/** Tells a program about the states of the VRRP instances. */
export interface Notifier {
  /**
   * The states now. Never waits: a program that runs is not disturbed, and after it only the newest state of each instance is
   * told, if it is another one than that told before.
   */
  follow(states: readonly Told[]): void
  /** Tells nothing more. A program that runs goes on until it ends, or its limit. */
  stop(): void
}

export interface NotifierOptions {
  readonly hook: Hook
  /** For messages. */
  readonly program: string
  readonly log: Log
  readonly faults: Pick<StandingFaults, "raise" | "clear">
  /** Called after each call. */
  readonly ended: (kind: HookResult["kind"]) => void
}

/** A new agent tells the state that it finds, too: it cannot know whether the one before it did. */
export function createNotifier({ hook, program, log, faults, ended }: NotifierOptions): Notifier {
  /** Name of the instance -> its state that the program was told last. */
  const told = new Map<string, Told["state"]>()
  /** What is to be told, the oldest first. */
  const due = new Map<string, Told>()
  let isRunning = false
  let isStopped = false

  async function call(one: Told): Promise<void> {
    log.info("notify", { command: program, ...one })
    const result = await hook(one).catch((error: unknown): HookResult => {
      return { kind: "failed", why: faultText(error), output: "", ms: 0 }
    })
    ended(result.kind)
    const { output, ms } = result
    if (result.kind === "done") {
      log.info("notified", { ...one, ms, output })
      return faults.clear(`notify ${one.instance}`)
    }
    log.warn("notify-failed", { command: program, ...one, why: result.why, ms, output })
    const said = output === "" ? "" : `; it printed: ${output.replaceAll(/\s+/g, " ").slice(-LONGEST_SAID)}`
    const command = `${program} INSTANCE ${one.instance} ${one.state} ${one.priority}`
    const message = `Cannot tell "${command}" that this node is ${one.state}: ${result.why}${said}; it is called again at the next change of the state, or when the agent starts`
    faults.raise(`notify ${one.instance}`, { code: "NOTIFY_FAILED", message })
  }

  async function callAll(): Promise<void> {
    for (;;) {
      const [next] = due.values()
      if (next === undefined || isStopped) break
      due.delete(next.instance)
      if (told.get(next.instance) === next.state) continue
      told.set(next.instance, next.state)
      await call(next)
    }
    isRunning = false
  }

  return {
    follow: (states) => {
      for (const one of states) due.set(one.instance, one)
      if (isRunning || isStopped || due.size === 0) return
      isRunning = true
      void callAll()
    },
    stop: () => {
      isStopped = true
    },
  }
}

const LONGEST_SAID = 200
