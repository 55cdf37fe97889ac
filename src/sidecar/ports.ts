import type { VrrpState } from "../contract/vrrp.ts"
import type { ClusterObjects } from "../core/objects/kinds.ts"
import type { Problem } from "../kit/problem.ts"

/** One verified generation: every size and checksum agreed before a byte of it was believed. */
export interface Generation {
  /** The sequence number of `current.json`; grows when, and only when, the content changes. */
  readonly sequence: number
  /** The directory's name, `<20-digit sequence>-<12 hex>`. */
  readonly name: string
  /** The directory's path. It may vanish later (retention); its content is here. */
  readonly path: string
  readonly manifestSha256: string
  readonly objects: ClusterObjects
}

/** What a look at `desired/` found. Only `generation` is ever acted upon; on everything else the applied state stays. */
export type Reading =
  | { readonly kind: "generation"; readonly generation: Generation }
  /** No `current.json` yet: sync has published nothing in this volume. */
  | { readonly kind: "absent" }
  /** Sizes or checksums disagree; a moment later they may agree. */
  | { readonly kind: "torn"; readonly reason: string }
  /** Something that no writer of ours makes: a symlink, a path that leaves the volume, an older sequence, an unknown schema. */
  | { readonly kind: "refused"; readonly reason: string; readonly problems: readonly Problem[] }

export interface Generations {
  /** Reads `current.json` and what it names. Never throws for bad content. */
  read(): Promise<Reading>
}

/** A line of what the config test printed, tied to a line of the tested file where keepalived names one. */
export interface Diagnostic {
  /** Line of the tested file, from 1; null where keepalived gives none. */
  readonly line: number | null
  /** `10.4.0.50 80 TCP` where the message names a virtual server; else null. */
  readonly virtualServer: string | null
  readonly message: string
}

export type TestVerdict =
  | { readonly kind: "accepted"; readonly tookMs: number }
  | {
      readonly kind: "refused"
      readonly tookMs: number
      /** How keepalived ended, in words: `exit status 5`, `killed by SIGSEGV`, `no answer within 10 s`. */
      readonly ending: string
      readonly diagnostics: readonly Diagnostic[]
    }

/** One process, known by pid and start time: a pid alone may have been given to another process since. */
export interface ProcessIdentity {
  readonly pid: number
  /** Field 22 of /proc/<pid>/stat: clock ticks after boot. */
  readonly startTime: string
}

/** The running keepalived: the parent and its children (checker first, then VRRP, as far as they exist). */
export interface RunningKeepalived {
  readonly parent: ProcessIdentity
  readonly checker: ProcessIdentity | null
  readonly vrrp: ProcessIdentity | null
}

export type ReloadVerdict =
  | { readonly kind: "acknowledged"; readonly tookMs: number }
  /** keepalived ended, refused the reload, or did not answer in time. `log` is what it said meanwhile. */
  | { readonly kind: "failed"; readonly reason: string; readonly log: readonly string[] }

export interface Keepalived {
  /** Version of the installed program, such as `2.2.7`. */
  version(): Promise<string>
  /** Judges the file with `keepalived --config-test`; never touches the running process. */
  test(file: string): Promise<TestVerdict>
  /** The running keepalived, or null. */
  running(): Promise<RunningKeepalived | null>
  /** Has the supervisor start keepalived on the live file and waits until it serves. */
  start(): Promise<ReloadVerdict>
  /** Sends SIGHUP to the process given and waits until it has acknowledged. */
  reload(target: RunningKeepalived): Promise<ReloadVerdict>
  /** Has the supervisor stop and start keepalived. */
  restart(): Promise<ReloadVerdict>
  /**
   * How many adverts it has heard so far of a master that means to go on (RFC 9568, 5.2.3: one that goes says priority 0).
   * Null where it does not tell.
   */
  advertsHeard(target: RunningKeepalived): Promise<number | null>
  /** Kills the checker child; its parent starts another, which programs everything that is missing in IPVS. */
  respawnChecker(target: RunningKeepalived): Promise<void>
}

/** A line of keepalived's log that says what VRRP is now, or why it is so. */
export interface VrrpEvent {
  /** `unknown`: keepalived, or its VRRP child, has ended. */
  readonly state: VrrpState
  /** When, in ms of the date, exact to the second; null where the line has no time. */
  readonly at: number | null
  readonly reason: string | null
}

/** What the VRRP child says of itself when it is asked. */
export type VrrpAnswer =
  | {
      readonly kind: "answer"
      readonly state: Exclude<VrrpState, "unknown">
      /** Since when, in ms of the date; a reload counts as a beginning too. Null where it has never changed. */
      readonly at: number | null
      /** Seconds between two adverts, its own or the master's: the longer of the two. */
      readonly advertInterval: number
      /** Adverts heard so far. */
      readonly heard: number
      /** Adverts of masters that gave the role up, among those heard. */
      readonly farewells: number
    }
  /** It runs, and did not answer in time. */
  | { readonly kind: "silent" }
  /** It has not come through its start. */
  | { readonly kind: "not-ready" }
  /** This build of keepalived has no such answer. */
  | { readonly kind: "cannot" }

/** What VRRP made of this node, in keepalived's own words. keepalived waits for nobody who listens here. */
export interface VrrpSource {
  /** What the log tells since the last call; at the first call, all that is kept of it. */
  news(): Promise<readonly VrrpEvent[]>
  ask(target: RunningKeepalived): Promise<VrrpAnswer>
  /** Calls when the log may have something new; a hint may be lost. @returns what ends that. */
  listen(hint: () => void): () => void
}

/** An interface: not there, not set up, set up without a cable or a peer, or as it should be. */
export type Link = "absent" | "down" | "no-carrier" | "up"

/** A virtual server as the kernel's IPVS table has it. */
export interface KernelVirtualServer {
  readonly address: string
  readonly port: number
  readonly protocol: "TCP" | "UDP" | "SCTP"
  readonly scheduler: string
  /** Seconds; null for no persistence. Absent where the table does not tell. */
  readonly persistenceTimeout?: number | null
  readonly realServers: readonly KernelRealServer[]
}

export interface KernelRealServer {
  readonly address: string
  readonly port: number
  readonly forwardingMethod: "NAT" | "DR" | "TUN" | "LOCAL"
  readonly weight: number
}

/** An IPv4 address as the kernel has it. */
export interface KernelAddress {
  readonly interface: string
  readonly address: string
  readonly prefixLength: number
  /** Who added it, as iproute2 writes it (`keepalived`, `0x12`); null where the kernel or iproute2 does not tell. */
  readonly protocol: string | null
}

export interface Kernel {
  /** IPv4 addresses of the interface with prefix /32, as ours have it; null where there is no such interface. */
  addresses(interfaceName: string): Promise<ReadonlySet<string> | null>
  /** Every IPv4 address of this network namespace. Absent in a kernel that cannot tell. */
  allAddresses?(): Promise<readonly KernelAddress[]>
  /** Whether this network namespace has an interface of that name, up or down. Absent in a kernel that cannot tell. */
  hasInterface?(name: string): Promise<boolean>
  /**
   * What is in the IPVS table of this network namespace, at a glance: nothing is told that is not there, but something may be
   * left out. Null where the kernel has no IPVS. Absent where nothing is quicker than the whole table.
   */
  glance?(): Promise<readonly KernelVirtualServer[] | null>
  /** The IPVS table of this network namespace, whole; null where the kernel has no IPVS. */
  virtualServers(): Promise<readonly KernelVirtualServer[] | null>
  removeAddress(interfaceName: string, address: string): Promise<void>
  removeVirtualServer(key: VirtualServerKey): Promise<void>
  /** Sets scheduler and persistence of a virtual server that exists; its connections stay. */
  setVirtualServer(
    key: VirtualServerKey,
    to: { readonly scheduler: string; readonly persistenceTimeout: number | null },
  ): Promise<void>
  /** Sets weight and forwarding method of a real server that exists; its connections stay. */
  setRealServer(key: VirtualServerKey, to: KernelRealServer): Promise<void>
  addVirtualServer(
    key: VirtualServerKey,
    as: { readonly scheduler: string; readonly persistenceTimeout: number | null },
  ): Promise<void>
  addRealServer(key: VirtualServerKey, real: KernelRealServer): Promise<void>
  removeRealServer(key: VirtualServerKey, real: { readonly address: string; readonly port: number }): Promise<void>
  /**
   * Makes our own iptables chain masquerade what IPVS forwards for these VIPs, and nothing else; empty removes the chain.
   *
   * @param look `memory`: what is known of the chain since the last time is not read again. `kernel`: it is.
   */
  masquerade(vips: readonly string[], look: "memory" | "kernel"): Promise<void>
  /** Forgets the flows to a virtual server that IPVS has not taken. @returns how many there were. */
  forgetFlows(key: VirtualServerKey): Promise<number>
}

/** Our chain could not be read or changed. `vips` are those that it is known to masquerade for; null where that is unknown. */
export class MasqueradeFault extends Error {
  readonly vips: readonly string[] | null

  constructor(message: string, vips: readonly string[] | null, options?: ErrorOptions) {
    super(message, options)
    this.name = "MasqueradeFault"
    this.vips = vips
  }
}

export interface VirtualServerKey {
  readonly address: string
  readonly port: number
  readonly protocol: "TCP" | "UDP" | "SCTP"
}
