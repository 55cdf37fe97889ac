import { backoffMs } from "../../kit/time/backoff.ts"
import { createPacer, type Pacer } from "../../kit/time/pacer.ts"
import { createTimers } from "../../kit/time/named-timers.ts"
import { type AgentOptions, type AgentPorts, type Exclusive, RETRY, type Wake, type Workings } from "./ports.ts"
import { createAgentState, due, type Snapshot, type Start } from "./state.ts"
import { afterRolesSeen } from "./transitions.ts"
import { createCapturePass } from "./capture-pass.ts"
import { compareAndRepair, restartKeepalived, reportTakeover, watchKeepalived } from "./watch-keepalived.ts"
import { recalled } from "./history.ts"
import { applyPass, observePass } from "./passes.ts"
import { retest } from "./retry.ts"
import { standsUntilDone } from "../faults/standing-faults.ts"
import type { Roles } from "../vrrp/vrrp.ts"

export interface Agent {
  /** Looks at the inputs again, because something may have changed. */
  request(): void
  /** Checks keepalived: whether it died, and whether a soak is over. Called every second. */
  watch(): Promise<void>
  /** Compares the kernel with what should be in effect, and repairs it. */
  checkDrift(): Promise<void>
  /** Looks for rules that take packets before IPVS sees them. Changes nothing. */
  findCaptures(): Promise<void>
  /** Tries a refused text again: an interface may have appeared meanwhile. */
  retest(): void
  /** Records the states of VRRP's instances on this node. */
  recordRoles(roles: Roles): void
  /** Restarts keepalived when its VRRP is stuck. */
  unstick(): Promise<void>
  snapshot(): Snapshot
  /** Stops after the current step. keepalived keeps running. */
  stop(): Promise<void>
}

/**
 * The core of the sidecar: looks at the inputs and applies the newest generation, one at a time and at a limited rate.
 *
 * @param start The configuration that runs already, from the journal and the history of the last agent.
 */
export function createAgent(options: AgentOptions, ports: AgentPorts, start: Start): Agent {
  const { clock, log } = ports
  const state = createAgentState(withRecent(start, options, ports))
  const timers = createTimers<Wake>(clock)
  const queue = createQueue()
  const tell = (error: unknown) => {
    ports.onFault()
    log.error("fault", { error })
  }
  const stands = <T>(name: keyof typeof WORK, work: () => Promise<T>) =>
    standsUntilDone(ports.faults, { key: name, code: "PASS_FAILED", what: WORK[name] }, work)
  const runAlone = (name: Exclusive, work: () => Promise<void>) => queue.add(() => stands(name, work)).catch(tell)
  const requests = { requestObserve: () => looker.request(), requestApply: () => applier.request() }
  const workings: Workings = { state, ports, options, timers, runAlone, ...requests }
  const { looker, applier } = createPacers(workings, {
    look: () => stands("look", () => observePass(workings)),
    apply: () => queue.add(() => stands("apply", () => applyPass(workings))),
    tell,
  })
  const captures = createCapturePass(workings)
  return {
    request: requests.requestObserve,
    watch: onceAtATime(() =>
      runAlone("watch", () => watchKeepalived(workings)).then(() => void captures.searchIfNew().catch(tell)),
    ),
    checkDrift: async () => {
      // Beside the queue: the comparison of addresses and IPVS does not wait for iptables.
      const beside =
        state.known().inEffect === null ? [] : ports.applyPorts.targets.map(async (target) => target.compare?.())
      await Promise.all([...beside, runAlone("compare", () => compareAndRepair(workings))])
    },
    findCaptures: captures.search,
    retest: () => retest(workings),
    recordRoles: (roles) => {
      reportTakeover(roles, workings)
      state.become(afterRolesSeen(roles))
      ports.onChange(state.known())
    },
    unstick: () => runAlone("watch", () => restartKeepalived(ports)),
    snapshot: state.known,
    stop: async () => {
      timers.stop()
      captures.stop()
      await looker.stop()
      await applier.stop()
      await queue.idle()
    },
  }
}

/** The work of the agent, as a fault's message names it. */
const WORK = {
  look: "read the newest generation",
  apply: "apply the newest generation",
  watch: "look after keepalived",
  compare: "compare the kernel with what is in effect",
} as const

interface PacerParts {
  readonly look: () => Promise<void>
  readonly apply: () => Promise<number>
  readonly tell: (error: unknown) => void
}

function createPacers(
  { state, ports, options, timers, requestObserve }: Workings,
  { look, apply, tell }: PacerParts,
): { readonly looker: Pacer; readonly applier: Pacer } {
  let faults = 0
  const onFault = (error: unknown) => {
    tell(error)
    timers.set("fault", backoffMs(RETRY, ++faults, ports.random()), requestObserve)
  }
  const run = async () => {
    await look()
    // The work that a fault interrupted is still due. The fault ends when that work is done.
    if (due(state.known()) === null) faults = 0
  }
  const quietGap = () => (options.checks ? QUIET_GAP : null)
  return {
    looker: createPacer({ run, ...AT_ONCE, onFault, clock: ports.clock }),
    applier: createPacer({ run: apply, ...BEARABLE, quietGap, onFault, clock: ports.clock }),
  }
}

/** Drains the real servers of the running configuration too, in case the first generation lacks them. */
function withRecent({ inEffect, history }: Start, { drainTimeMs }: AgentOptions, { clock }: AgentPorts): Start {
  if (inEffect === null) return { inEffect, history }
  return { inEffect, history: recalled(history, inEffect.model, { now: clock.now(), drainTime: drainTimeMs }) }
}

interface Queue {
  add<T>(work: () => Promise<T>): Promise<T>
  idle(): Promise<unknown>
}

/** Checks and applies never overlap, because each would treat the other's work as drift. */
function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve()
  return {
    add: (work) => {
      const turn = last.then(work)
      last = turn.catch(() => undefined)
      return turn
    },
    idle: () => last,
  }
}

/** Calls that come while it waits or works share one turn, so that a long apply does not leave a queue of checks. */
function onceAtATime(work: () => Promise<void>): () => Promise<void> {
  let turn: Promise<void> | null = null
  return () =>
    (turn ??= work().finally(() => {
      turn = null
    }))
}

const AT_ONCE = { gatherMs: 0, minimumIntervalMs: 0, costFactor: 0 }
/** Even after a slow reload the pause is limited: the next change may be a repair. */
const BEARABLE = { gatherMs: 0, minimumIntervalMs: 500, costFactor: 5, maximumPauseMs: 5_000 }
/** A keepalived check fails within 3 s of the first 5 s (render.ts); every 15 s the pace leaves time for it. */
const QUIET_GAP = { everyMs: 15_000, lastingMs: 9_000 }
