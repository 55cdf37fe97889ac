import type { KeepalivedModel } from "../core/model/keepalived-model.ts"
import { compare } from "../kit/problem.ts"
import { masqueradedVips } from "./apply/intent.ts"
import type { Kernel } from "./ports.ts"

export interface Masquerader {
  /** Has our iptables chain masquerade for the VIPs of these models. */
  ensure(models: readonly KeepalivedModel[]): Promise<void>
  /** Looks at the kernel again the next time: another program may have removed our chain. */
  forget(): void
}

/** Runs iptables only when the set of VIPs is another than the last time, or after it was told to forget that. */
export function createMasquerader(snat: "masquerade" | "none", kernel: Kernel): Masquerader {
  let last: string | null = null
  return {
    forget: () => {
      last = null
    },
    ensure: async (models) => {
      if (snat === "none") return
      const vips = [...new Set(models.flatMap(masqueradedVips))].toSorted(compare)
      if (vips.join() === last) return
      await kernel.masquerade(vips)
      last = vips.join()
    },
  }
}
