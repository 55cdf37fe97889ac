import { backoffMs } from "../kit/backoff.ts"
import { createPacer, type Pacer } from "../kit/pacer.ts"
import { createTimers } from "../kit/timers.ts"
import { type AgentOptions, type AgentPorts, type Lonely, RETRY, type Wake, type Workings } from "./agent-ports.ts"
import { createAgentState, due, type InEffect, type Snapshot } from "./agent-state.ts"
import { afterRoleSeen } from "./agent-transitions.ts"
import { createCapturePass } from "./capture-pass.ts"
import { compareAndRepair, restartKeepalived, tellOfTakeover, watchKeepalived } from "./guardian.ts"
import { type Memory, recalled } from "./memory.ts"
import { applyPass, lookPass } from "./passes.ts"
import { retest } from "./retry.ts"
import { standsUntilDone } from "./standing-faults.ts"
import type { Vrrp } from "./vrrp/vrrp.ts"

export interface Agent {
  /** Something may have changed: look again. Carries no content. */
  request(): void
  /** Looks after keepalived: did it die, is a soak over. Called every second. */
  watch(): Promise<void>
  /** Compares the kernel with what should be in effect, and repairs. */
  checkDrift(): Promise<void>
  /** Looks whether something takes packets before IPVS sees them. Changes nothing. */
  lookForCaptures(): Promise<void>
  /** Tries again what was refused before: an interface may have appeared meanwhile. */
  retest(): void
  /** Takes note of what VRRP made of this node. */
  learn(vrrp: Vrrp): void
  /** Has keepalived stopped and started, where VRRP in it is stuck. */
  unstick(): Promise<void>
  snapshot(): Snapshot
  /** Ends after the step under way. keepalived goes on. */
  stop(): Promise<void>
}

/** What runs already. */
interface Start {
  readonly inEffect: InEffect | null
  readonly memory: Memory
}

/**
 * The program's heart: looks at the inputs, and has the newest ones applied, one at a time and at a bearable pace.
 *
 * @param start what runs already, as the journal and the memory of the last agent tell.
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
  const alone = (name: Lonely, work: () => Promise<void>) => queue.add(() => stands(name, work)).catch(tell)
  const requests = { look: () => looker.request(), apply: () => applier.request() }
  const workings: Workings = { state, ports, options, timers, alone, ...requests }
  const { looker, applier } = createPacers(workings, { queue, stands, tell })
  const captures = createCapturePass(workings)
  return {
    request: requests.look,
    watch: onceAtATime(() =>
      alone("watch", () => watchKeepalived(workings)).then(() => void captures.lookIfNew().catch(tell)),
    ),
    checkDrift: () => alone("compare", () => compareAndRepair(workings)),
    lookForCaptures: captures.look,
    retest: () => retest(workings),
    learn: (vrrp) => {
      tellOfTakeover(vrrp, workings)
      state.become(afterRoleSeen(vrrp))
      ports.onChange(state.known())
    },
    unstick: () => alone("watch", () => restartKeepalived(workings)),
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

/** What the agent does, as the message of a fault says it. */
const WORK = {
  look: "read the newest generation",
  apply: "apply the newest generation",
  watch: "look after keepalived",
  compare: "compare the kernel with what is in effect",
} as const

interface PacerParts {
  readonly queue: Queue
  readonly stands: <T>(name: keyof typeof WORK, work: () => Promise<T>) => Promise<T>
  readonly tell: (error: unknown) => void
}

function createPacers(
  workings: Workings,
  { queue, stands, tell }: PacerParts,
): { readonly looker: Pacer; readonly applier: Pacer } {
  const { state, ports, options, timers, look } = workings
  let faults = 0
  const onFault = (error: unknown) => {
    tell(error)
    timers.set("fault", backoffMs(RETRY, ++faults, ports.random()), look)
  }
  // What a fault left undone is still due: only then is it over.
  const settled = () => {
    if (due(state.known()) === null) faults = 0
  }
  const run = (): Promise<void> => stands("look", () => lookPass(workings)).then(settled)
  const apply = (): Promise<number> => queue.add(() => stands("apply", () => applyPass(workings)))
  return {
    looker: createPacer({ run, ...AT_ONCE, onFault, clock: ports.clock }),
    applier: createPacer({
      run: apply,
      ...BEARABLE,
      quietGap: () => (options.checks ? QUIET_GAP : null),
      onFault,
      clock: ports.clock,
    }),
  }
}

/** Lets the real servers of what runs already drain too, should the first generation not have them any more. */
function withRecent({ inEffect, memory }: Start, { drainTimeMs }: AgentOptions, { clock }: AgentPorts): Start {
  if (inEffect === null) return { inEffect, memory }
  return { inEffect, memory: recalled(memory, inEffect.model, { now: clock.now(), drainTime: drainTimeMs }) }
}

interface Queue {
  add<T>(work: () => Promise<T>): Promise<T>
  idle(): Promise<unknown>
}

/** Checks and applies never overlap: each would take the other's work for drift. */
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

/** Whoever calls while it waits or works gets the same turn: a long apply must not leave a queue of checks behind. */
function onceAtATime(work: () => Promise<void>): () => Promise<void> {
  let turn: Promise<void> | null = null
  return () =>
    (turn ??= work().finally(() => {
      turn = null
    }))
}

const AT_ONCE = { gatherMs: 0, minimumIntervalMs: 0, costFactor: 0 }
/** However slow a reload was: the change after it is somebody's repair, perhaps. */
const BEARABLE = { gatherMs: 0, minimumIntervalMs: 500, costFactor: 5, maximumPauseMs: 5_000 }
/** A check of ours fails within 3 s of the first 5 s (render.ts); every 15 s it gets the time to. */
const QUIET_GAP = { everyMs: 15_000, lastingMs: 9_000 }
