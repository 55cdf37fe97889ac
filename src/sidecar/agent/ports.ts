import type { Age } from "../../contract/heartbeat.ts"
import type { KeepalivedModel, VirtualServer } from "../../core/model/keepalived-model.ts"
import type { RenderedConfig } from "../../core/render/render.ts"
import type { Clock } from "../../kit/time/clock.ts"
import type { Log } from "../../kit/process/log.ts"
import type { Timers } from "../../kit/time/named-timers.ts"
import type { AgentState, InEffect, Snapshot } from "./state.ts"
import type { ApplyOutcome } from "../apply/outcome.ts"
import type { ApplyPorts } from "../apply/ports.ts"
import type { FindCaptures } from "../capture/find-captures.ts"
import type { Owned } from "../effect/differences.ts"
import type { ObservePorts } from "./observe.ts"
import type { AppliedHistory } from "./history.ts"
import type { Keepalived, Kernel } from "../ports.ts"
import type { StandingFaults } from "../faults/standing-faults.ts"
import type { LastKnownGood } from "../volume/last-known-good.ts"

export interface AgentPorts extends ObservePorts {
  readonly applyPorts: ApplyPorts
  readonly keepalived: Keepalived
  readonly kernel: Kernel
  readonly owned: () => Promise<Owned>
  /** Rules of this node that take packets of virtual servers before IPVS. Absent on a machine that cannot list them. */
  readonly findCaptures?: FindCaptures
  /** These virtual servers forward now, and may not have forwarded before. Runs in the background. */
  readonly appeared: (servers: readonly VirtualServer[]) => void
  /** Removes from the ledger what the kernel no longer has. */
  readonly settle: (inEffect: InEffect) => Promise<void>
  readonly lastKnownGood: () => LastKnownGood | null
  /** Renders a part of the configuration. */
  readonly render: (model: KeepalivedModel) => RenderedConfig
  /** Whether a user pinned an older generation, which must then run. */
  readonly isPinned: () => boolean
  /** Seconds since sync last read its whole source. */
  readonly sourceAge: () => Age
  readonly onAttempt: (outcome: ApplyOutcome, tookMs: number) => void
  /** Records that a configuration is in effect. Traffic does not wait for the record. */
  readonly onApplied: (inEffect: InEffect, history: AppliedHistory) => void
  /** Records that a configuration ran through the soak. @returns whether it is recorded; if not, the soak repeats. */
  readonly onSoaked: (inEffect: InEffect, history: AppliedHistory) => Promise<boolean>
  readonly onChange: (snapshot: Snapshot) => void
  /** Reports that a pass or a check met a fault of the environment. The running configuration stays. */
  readonly onFault: () => void
  /** Register of the faults that persist. */
  readonly faults: Pick<StandingFaults, "raise" | "clear">
  readonly clock: Clock
  /** Random number from 0 to below 1: nodes that failed together must not retry together. */
  readonly random: () => number
  readonly log: Log
}

export interface AgentOptions {
  readonly drainTimeMs: number
  readonly soakMs: number
  /** True when keepalived checks real servers: the pace then leaves gaps in which a check can fail. */
  readonly checks: boolean
  readonly guard: {
    /** Percentage of working VIPs or virtual servers (at least three) that a change must not exceed; 100 for no limit. */
    readonly percent: number
    /** Time after which the loss of endpoints is accepted, in ms. */
    readonly endpointsMs: number
  }
}

/** Why the agent wakes up without a request. */
export type Wake =
  "torn" | "others" | "no-model" | "fault" | "drained" | "retry" | "known-good" | "second-look" | "interference"

/** Work that must not overlap with other work. */
export type Exclusive = "watch" | "compare"

/** Everything that the agent works with. Functions say what they touch of it: `Touches`. */
export interface Workings {
  readonly state: AgentState
  readonly ports: AgentPorts
  readonly options: AgentOptions
  readonly timers: Timers<Wake>
  /** Requests an observation of the inputs. */
  readonly requestObserve: () => void
  /** Requests that the newest configuration be applied. */
  readonly requestApply: () => void
  /** Runs work when no other compare or apply runs. Its failure is reported under the name until it succeeds. */
  readonly runAlone: (name: Exclusive, work: () => Promise<void>) => Promise<void>
}

/** These parts of the agent, and of its ports only these. */
export type Touches<Part extends keyof Workings, Port extends keyof AgentPorts> = Pick<Workings, Part> & {
  readonly ports: Pick<AgentPorts, Port>
}

/** Tries again what failed for a temporary reason. */
export const RETRY = { firstMs: 2_000, maximumMs: 300_000, jitter: 0.2 }
