import type { Clock } from "../../kit/time/clock.ts"
import type { Log } from "../../kit/process/log.ts"
import type { FindCaptures } from "../capture/find-captures.ts"
import type { HostFacts } from "../kernel/node-facts.ts"
import type { Lan } from "../lan/arping.ts"
import type { Keepalived, Kernel, Link, VrrpSource } from "../ports.ts"

/** The machine that the agent works on. */
export interface Machine {
  readonly keepalived: Keepalived
  readonly kernel: Kernel
  readonly host: () => HostFacts
  readonly link: (name: string) => Link
  readonly vrrp: VrrpSource
  /** Absent on a machine that cannot list the rules. */
  readonly captures?: FindCaptures
  /** Absent when the LAN cannot be asked. */
  readonly lan?: Lan
}

/** The environment of the program. */
export interface Surroundings {
  readonly clock: Clock
  /** The machine's date: for people only, since it may jump. */
  readonly date: () => Date
  readonly log: Log
}
