import type { VrrpState } from "../contract/vrrp.ts"
import type { ClusterObjects } from "../core/objects/kinds.ts"
import type { Problem } from "../kit/problem.ts"
import type { SidecarCode } from "./problem-codes.ts"

/** A verified generation: every size and checksum agreed before any content was used. */
export interface Generation {
  /** The sequence number of `current.json`; grows when, and only when, the content changes. */
  readonly sequence: number
  /** The directory's name, `<20-digit sequence>-<12 hex>`. */
  readonly name: string
  /** The directory's path. Retention may remove it later; its content is here. */
  readonly path: string
  readonly manifestSha256: string
  /** Its ConfigMaps are in the order of the manifest. */
  readonly objects: ClusterObjects
}

/** The result of a look at `desired/`. The agent acts only on `generation`; otherwise the applied state stays. */
export type Reading =
  | { readonly kind: "generation"; readonly generation: Generation }
  /** No `current.json` yet: sync has published nothing in this volume. */
  | { readonly kind: "absent" }
  /** Sizes or checksums disagree; they may agree a moment later. */
  | { readonly kind: "torn"; readonly reason: string }
  /** Content that sync never writes: a symlink, a path that leaves the volume, an older sequence, an unknown schema. */
  | { readonly kind: "refused"; readonly reason: string; readonly problems: readonly Problem<SidecarCode>[] }

export interface Generations {
  /** Reads `current.json` and what it names. Never throws for bad content. */
  read(): Promise<Reading>
}

/** A line of the config test's output, with the line of the tested file if keepalived names one. */
export interface Diagnostic {
  /** Line of the tested file, from 1; null if keepalived gives none. */
  readonly line: number | null
  /** `10.4.0.50 80 TCP` if the message names a virtual server; else null. */
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

/** A process, identified by pid and start time: a pid alone may belong to another process later. */
export interface ProcessIdentity {
  readonly pid: number
  /** Field 22 of /proc/<pid>/stat: clock ticks after boot. */
  readonly startTime: string
}

/** The running keepalived: the parent and its children (checker first, then VRRP), as far as they exist. */
export interface RunningKeepalived {
  readonly parent: ProcessIdentity
  readonly checker: ProcessIdentity | null
  readonly vrrp: ProcessIdentity | null
}

export type ReloadVerdict =
  | { readonly kind: "acknowledged"; readonly tookMs: number }
  /** keepalived ended, refused the reload, or did not answer in time. `log` is its output meanwhile. */
  | { readonly kind: "failed"; readonly reason: string; readonly log: readonly string[] }

export interface Keepalived {
  /** Version of the installed program, such as `2.2.7`. */
  version(): Promise<string>
  /** Tests the file with `keepalived --config-test`; never touches the running process. */
  test(file: string): Promise<TestVerdict>
  /** The running keepalived, or null. */
  running(): Promise<RunningKeepalived | null>
  /** Makes the supervisor start keepalived on the live file and waits until it serves. */
  start(): Promise<ReloadVerdict>
  /** Sends SIGHUP to the given process and waits until it confirms the reload. */
  reload(target: RunningKeepalived): Promise<ReloadVerdict>
  /** Makes the supervisor stop and start keepalived. */
  restart(): Promise<ReloadVerdict>
  /**
   * Name of a VRRP instance -> number of adverts heard so far from a master that stays (RFC 9568, 5.2.3: a master that leaves
   * sends priority 0). Null if keepalived does not report it.
   */
  advertsHeard(target: RunningKeepalived): Promise<ReadonlyMap<string, number> | null>
  /** Kills the checker child. Its parent starts another, which adds everything that is missing in IPVS. */
  respawnChecker(target: RunningKeepalived): Promise<void>
}

/** A line of keepalived's log that gives the new state of a VRRP instance, or the reason for it. */
export interface VrrpEvent {
  /** Name of the instance; null for all of them. */
  readonly instance: string | null
  /** `unknown`: keepalived, or its VRRP child, has ended. */
  readonly state: VrrpState
  /** Date in ms, exact to the second; null if the line has no time. */
  readonly at: number | null
  readonly reason: string | null
}

/** The VRRP child's answer about an instance. */
export interface InstanceAnswer {
  readonly state: Exclude<VrrpState, "unknown">
  /** Date of the last change in ms; a reload counts as a change. Null if the state has never changed. */
  readonly at: number | null
  /** Seconds between two adverts, its own or the master's: the longer of the two. */
  readonly advertInterval: number
  /** Adverts heard so far. */
  readonly heard: number
  /** Number of these that a master sent when it gave up the role. */
  readonly farewells: number
}

/** The VRRP child's answer about itself: its instances, by name. */
export type VrrpAnswer =
  | { readonly kind: "answer"; readonly instances: ReadonlyMap<string, InstanceAnswer> }
  /** It runs, and did not answer in time. */
  | { readonly kind: "silent" }
  /** Its start is not complete. */
  | { readonly kind: "not-ready" }
  /** This build of keepalived does not support the question. */
  | { readonly kind: "cannot" }

/** VRRP's state on this node, as keepalived reports it. keepalived does not wait for the reader. */
export interface VrrpSource {
  /** The events in the log since the last call; at the first call, in all that is kept of the log. */
  news(): Promise<readonly VrrpEvent[]>
  ask(target: RunningKeepalived): Promise<VrrpAnswer>
  /** Calls when the log may have changed; a call may be lost. @returns a function that ends the calls. */
  listen(hint: () => void): () => void
}

/** An interface: missing, not up, up without a carrier, or working. */
export type Link = "absent" | "down" | "no-carrier" | "up"

/** A virtual server in the kernel's IPVS table. */
export interface KernelVirtualServer extends VirtualServerKey {
  readonly scheduler: string
  /** Seconds; null for no persistence. Absent if the table does not show it. */
  readonly persistenceTimeout?: number | null
  readonly realServers: readonly KernelRealServer[]
}

export interface KernelRealServer {
  readonly address: string
  readonly port: number
  readonly forwardingMethod: "NAT" | "DR" | "TUN" | "LOCAL"
  readonly weight: number
}

/** An IPv4 address in the kernel. */
export interface KernelAddress {
  readonly interface: string
  readonly address: string
  readonly prefixLength: number
  /** The program that added it, as iproute2 writes it (`keepalived`, `0x12`); null if the kernel or iproute2 does not show it. */
  readonly protocol: string | null
}

/** How IPVS chooses a real server. */
export interface Scheduling {
  readonly scheduler: string
  /** Seconds; null for no persistence. */
  readonly persistenceTimeout: number | null
}

export interface Kernel {
  /** Addresses of the interface that have no subnet (IPv4: prefix /32), as ours have it; null if the interface does not exist. */
  addresses(interfaceName: string): Promise<ReadonlySet<string> | null>
  /** Every IPv4 address of this network namespace. Absent in a kernel that cannot list them. */
  allAddresses?(): Promise<readonly KernelAddress[]>
  /** Whether this network namespace has an interface of that name, up or down. Absent in a kernel that cannot tell. */
  hasInterface?(name: string): Promise<boolean>
  /**
   * A quick look at the IPVS table of this network namespace: every entry that it returns exists, but it may omit
   * some. Null if the kernel has no IPVS. Absent if nothing is faster than the whole table.
   */
  glance?(): Promise<readonly KernelVirtualServer[] | null>
  /**
   * Whether the IPVS table of this network namespace has any virtual server; reads its first page only. Absent in a kernel that
   * cannot tell.
   */
  hasVirtualServers?(): Promise<boolean>
  /** The whole IPVS table of this network namespace; null if the kernel has no IPVS. */
  virtualServers(): Promise<readonly KernelVirtualServer[] | null>
  /** What IPVS forwards now, by VIP; null if the kernel has no IPVS. Absent in a kernel that cannot tell. */
  connections?(): Promise<ReadonlyMap<string, Connections> | null>
  removeAddress(interfaceName: string, address: string): Promise<void>
  removeVirtualServer(key: VirtualServerKey): Promise<void>
  /** Sets scheduler and persistence of an existing virtual server; its connections stay. */
  setVirtualServer(key: VirtualServerKey, to: Scheduling): Promise<void>
  /** Sets weight and forwarding method of an existing real server; its connections stay. */
  setRealServer(key: VirtualServerKey, to: KernelRealServer): Promise<void>
  addVirtualServer(key: VirtualServerKey, as: Scheduling): Promise<void>
  addRealServer(key: VirtualServerKey, real: KernelRealServer): Promise<void>
  removeRealServer(key: VirtualServerKey, real: { readonly address: string; readonly port: number }): Promise<void>
  /**
   * Makes our own iptables chain masquerade what IPVS forwards for these VIPs, and nothing else; an empty list removes the chain.
   *
   * @param from `memory`: uses what is known of the chain since the last call. `kernel`: reads the chain.
   * @returns what another program has changed since the last call; null when that is nothing, or was not read.
   * @throws MasqueradeFault when iptables is missing, fails, or does not end in time.
   */
  masquerade(vips: readonly string[], from: "memory" | "kernel"): Promise<string | null>
  /** Deletes the conntrack flows to a virtual server that IPVS does not handle. @returns their number. */
  forgetFlows(key: VirtualServerKey): Promise<number>
}

/** Connections of a VIP through IPVS on this node: the open ones, and the new ones per second by the kernel's estimate. */
export interface Connections {
  readonly open: number
  readonly perSecond: number
}

/** Our chain could not be read or changed. `vips` are those that it certainly masquerades for; null if unknown. */
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
