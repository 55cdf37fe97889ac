import type { KeepalivedModel, VirtualServer } from "../../core/model/keepalived-model.ts"
import type { Keepalived } from "../ports.ts"
import type { Effective } from "./outcome.ts"
import type { HolderWatch } from "./holder.ts"

/** What the agent was about to do, so that the next one knows what may be half done. */
export interface Journal {
  /** `swap`: the live file may be either, keepalived may have read either. `in-effect`: the kernel was seen to agree. */
  readonly phase: "swap" | "in-effect"
  /** sha256 of the configuration that was in effect before; null for none. */
  readonly from: string | null
  readonly to: string
}

/** The files below applied/. Every one is replaced whole. */
export interface ConfigFiles {
  /** @returns the path of the candidate, which holds exactly this text. */
  writeCandidate(sha256: string, text: string): Promise<string>
  /** Brings a candidate back that retention may have taken, from the last known good configuration. */
  restoreCandidate(sha256: string): Promise<void>
  /** Gives a candidate the name that keepalived reads. Needs neither a free block nor a free inode: it works on a full disk. */
  makeLive(sha256: string): Promise<void>
  /** sha256 of the bytes that the live file has now; null when there is none. */
  liveSha256(): Promise<string | null>
  journal(): Promise<Journal | null>
  writeJournal(journal: Journal): Promise<void>
  /** Adds a model's VIPs and virtual servers to the ledger of what is ours in this kernel, before any of it exists. */
  claim(model: KeepalivedModel): Promise<void>
}

export interface ApplyPorts {
  readonly keepalived: Pick<Keepalived, "test" | "running" | "start" | "reload" | "restart">
  readonly files: ConfigFiles
  /** Takes from the kernel what is ours and not this model's; asked for only while no keepalived runs. */
  readonly clearRemains: (model: KeepalivedModel) => Promise<void>
  /** Waits until the kernel shows the model. @returns null, or what it still shows differently. */
  readonly verify: (model: KeepalivedModel) => Promise<string | null>
  /** Brings back what IPVS lacks of the model; false where that is not what differs. Absent: nobody does. */
  readonly restore?: (model: KeepalivedModel) => Promise<boolean>
  /**
   * Begins to watch, on a backup, for the master's adverts of what is in effect: a reload while nobody has the VIPs would put
   * off its own turn. Absent: nobody does.
   */
  readonly watchHolder?: (model: KeepalivedModel) => HolderWatch
  /**
   * Has the packets masqueraded that IPVS forwards for the VIPs of all these models. Never throws.
   *
   * @returns the VIPs that need it and do not have it.
   */
  readonly masquerade: (models: readonly KeepalivedModel[]) => Promise<ReadonlySet<string>>
  /** These virtual servers forward by now, as the kernel shows, and may not have done so before. Nobody waits for it. */
  readonly appeared: (servers: readonly VirtualServer[]) => void
  readonly lastKnownGood: () => Promise<Effective | null>
  /** Milliseconds on a clock that nobody sets. */
  readonly now: () => number
}
