import type { KeepalivedModel, VirtualServer } from "../../core/model/keepalived-model.ts"
import type { Keepalived } from "../ports.ts"
import type { Effective } from "./outcome.ts"
import type { HolderWatch } from "../keepalived/await-advert.ts"

/** What the agent was about to do, so that the next one knows what may be incomplete. */
export interface Journal {
  /** `swap`: the live file may be either one, and keepalived may have read either. `in-effect`: the kernel agreed. */
  readonly phase: "swap" | "in-effect"
  /** sha256 of the configuration that was in effect before; null for none. */
  readonly from: string | null
  readonly to: string
}

/** The files below applied/. Each write replaces a whole file. */
export interface ConfigFiles {
  /** @returns the path of the candidate, which has exactly this text. */
  writeCandidate(sha256: string, text: string): Promise<string>
  /** Restores a candidate that retention may have removed, from the last known good configuration. */
  restoreCandidate(sha256: string): Promise<void>
  /** Gives a candidate the name that keepalived reads. Needs no free block or inode, so it works on a full disk. */
  makeLive(sha256: string): Promise<void>
  /** sha256 of the live file; null when it does not exist. */
  liveSha256(): Promise<string | null>
  journal(): Promise<Journal | null>
  writeJournal(journal: Journal): Promise<void>
  /** Adds a model's VIPs and virtual servers to the ledger of our entries in this kernel, before they exist. */
  claim(model: KeepalivedModel): Promise<void>
}

export interface ApplyPorts {
  readonly keepalived: Pick<Keepalived, "test" | "running" | "start" | "reload" | "restart">
  readonly files: ConfigFiles
  /** Removes from the kernel our entries that are not in this model. Call it only while keepalived does not run. */
  readonly clearRemains: (model: KeepalivedModel) => Promise<void>
  /** Waits until the kernel shows the model. @returns null, or the difference. */
  readonly verify: (model: KeepalivedModel) => Promise<string | null>
  /** Adds what IPVS lacks of the model; false if the difference is another one. Absent: no repair. */
  readonly restore?: (model: KeepalivedModel) => Promise<boolean>
  /**
   * Begins, on a backup, to watch for the master's adverts of the configuration in effect: a reload while no node has the VIPs
   * would delay this node's takeover. Absent: no wait.
   */
  readonly watchHolder?: (model: KeepalivedModel) => HolderWatch
  /**
   * Adds masquerading for the packets that IPVS forwards for the VIPs of all these models. Never throws.
   *
   * @returns the VIPs that need it and do not have it.
   */
  readonly masquerade: (models: readonly KeepalivedModel[]) => Promise<ReadonlySet<string>>
  /** These virtual servers forward now, as the kernel shows, and may not have forwarded before. Runs in the background. */
  readonly appeared: (servers: readonly VirtualServer[]) => void
  readonly lastKnownGood: () => Promise<Effective | null>
  /** Milliseconds of a clock that cannot be set. */
  readonly now: () => number
}
