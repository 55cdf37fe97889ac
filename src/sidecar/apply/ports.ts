import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import type { Effective } from "./release.ts"
import type { Target } from "./target.ts"

/** What the agent was about to do, so that the next one knows what may be incomplete. */
export interface Journal {
  /** `swap`: each live file may be either one, and a target may have read either. `in-effect`: the kernel agreed. */
  readonly phase: "swap" | "in-effect"
  /** sha256 of the release that was in effect before; null for none. */
  readonly from: string | null
  readonly to: string
}

/** What the next agent must find if this one is killed. Each write replaces a whole file. */
export interface ApplyRecords {
  journal(): Promise<Journal | null>
  writeJournal(journal: Journal): Promise<void>
  /** Adds a model's VIPs and virtual servers to the ledger of our entries in this kernel, before they exist. */
  claim(model: KeepalivedModel): Promise<void>
}

export interface ApplyPorts {
  /** In the order in which they are loaded: a target stands before those that need it. */
  readonly targets: readonly Target[]
  readonly records: ApplyRecords
  readonly lastKnownGood: () => Promise<Effective | null>
}
