import type { Age } from "../contract/heartbeat.ts"
import type { KeepalivedModel } from "../core/model/keepalived-model.ts"
import type { RenderedConfig } from "../core/render/render.ts"
import type { Clock } from "../kit/clock.ts"
import type { Log } from "../kit/log.ts"
import type { Timers } from "../kit/timers.ts"
import type { AgentState, InEffect, Snapshot } from "./agent-state.ts"
import type { ApplyOutcome } from "./apply/outcome.ts"
import type { ApplyPorts } from "./apply/ports.ts"
import type { CaptureLook } from "./capture/look.ts"
import type { Owned } from "./keepalived/effect.ts"
import type { LookPorts } from "./look.ts"
import type { Memory } from "./memory.ts"
import type { Keepalived, Kernel } from "./ports.ts"
import type { StandingFaults } from "./standing-faults.ts"
import type { KnownGood } from "./volume/last-known-good.ts"

export interface AgentPorts extends LookPorts {
  readonly apply: ApplyPorts
  readonly keepalived: Keepalived
  readonly kernel: Kernel
  readonly owned: () => Promise<Owned>
  /** Rules of this node that take packets of virtual servers before IPVS; absent on a machine that cannot tell. */
  readonly captures?: CaptureLook
  /** Strikes out of the ledger what the kernel no longer has. */
  readonly settle: (inEffect: InEffect) => Promise<void>
  readonly knownGood: () => KnownGood | null
  /** Renders a part of it. Absent: it is used whole. */
  readonly render?: (model: KeepalivedModel) => RenderedConfig
  /** Whether a person holds an older generation in place: then that is what shall run. */
  readonly isPinned: () => boolean
  /** Why the firewall of this node cannot be changed; null when it can. */
  readonly firewallFault: () => string | null
  /** Seconds since sync last read its source whole. */
  readonly sourceAge: () => Age
  readonly onAttempt: (outcome: ApplyOutcome, tookMs: number) => void
  /** A configuration has come into effect. Off the path: nobody waits for it. */
  readonly onApplied: (inEffect: InEffect, memory: Memory) => void
  /** A configuration has run through the soak. @returns whether that is recorded; if not, it soaks again. */
  readonly onSoaked: (inEffect: InEffect, memory: Memory) => Promise<boolean>
  readonly onChange: (snapshot: Snapshot) => void
  /** A pass or a check met a fault of the world; what runs goes on. */
  readonly onFault: () => void
  /** Takes what fails and stands, from whoever meets it. */
  readonly faults: Pick<StandingFaults, "raise" | "clear">
  readonly clock: Clock
  /** From 0 to below 1: nodes that failed together do not come back together. */
  readonly random: () => number
  readonly log: Log
}

export interface AgentOptions {
  readonly drainTimeMs: number
  readonly soakMs: number
  /** True when entries are checked: then the pace leaves gaps in which a check can fail. */
  readonly checks: boolean
  readonly guard: {
    /** More than so many percent of what works, and at least three, are not taken away at once; 100 for no limit. */
    readonly percent: number
    /** After so long it is believed that endpoints are gone. */
    readonly endpointsMs: number
  }
}

/** Why the agent wakes up although nothing was requested. */
export type Wake =
  "torn" | "others" | "no-model" | "fault" | "drained" | "retry" | "known-good" | "second-look" | "interference"

/** Work that nothing else may overlap. */
export type Lonely = "watch" | "compare"

/** What every part of the agent works with. */
export interface Workings {
  readonly state: AgentState
  readonly ports: AgentPorts
  readonly options: AgentOptions
  readonly timers: Timers<Wake>
  /** Requests a look at the inputs. */
  readonly look: () => void
  /** Requests that the newest be applied. */
  readonly apply: () => void
  /** Does it when nothing else is compared or applied. Its failure stands, under the name, until it succeeds. */
  readonly alone: (name: Lonely, work: () => Promise<void>) => Promise<void>
}

/** What went wrong for a reason that may pass is tried again. */
export const RETRY = { firstMs: 2_000, maximumMs: 300_000, jitter: 0.2 }
