import type { KeepalivedModel } from "../core/model/keepalived-model.ts"
import type { Log } from "../kit/log.ts"
import { type Differences, differenceText, type Owned } from "./keepalived/effect.ts"
import type { Keepalived, Kernel } from "./ports.ts"
import { compareWithKernel } from "./verify.ts"

/** What a comparison with the kernel found, and what was done about it. */
export interface DriftCheck {
  readonly role: "MASTER" | "BACKUP" | null
  /** Null: the kernel shows what it should. */
  readonly difference: string | null
  readonly repaired: boolean
}

export interface DriftPorts {
  readonly keepalived: Keepalived
  readonly kernel: Kernel
  readonly owned: () => Promise<Owned>
  readonly log: Log
}

/**
 * Compares the kernel with the model that should be in effect and repairs what is ours.
 *
 * keepalived compares with its own memory only, so a reload repairs nothing. What is missing in IPVS comes back when the
 * checker child is started anew by its parent; what is too much and ours is removed by us; what is not ours stays.
 * Addresses are removed only when they were too many in the check before as well: for a moment of every election they
 * look like that.
 *
 * @param before the differences of the check before.
 */
export async function checkDrift(
  model: KeepalivedModel,
  before: Differences | null,
  ports: DriftPorts,
): Promise<{ readonly check: DriftCheck; readonly found: Differences | null }> {
  const found = await compareWithKernel(model, ports.kernel, await ports.owned())
  if (found === null)
    return {
      found,
      check: { role: null, difference: `there is no interface "${model.vrrp.interface}"`, repaired: false },
    }
  const difference = differenceText(found)
  if (difference === null) return { found, check: { role: found.role, difference, repaired: false } }
  const repaired = await repair(model, { found, before }, ports)
  ports.log.warn("drift", { difference, repaired, role: found.role })
  return { found, check: { role: found.role, difference, repaired } }
}

async function repair(
  model: KeepalivedModel,
  drift: { readonly found: Differences; readonly before: Differences | null },
  ports: DriftPorts,
): Promise<boolean> {
  const { found, before } = drift
  let repaired = false
  for (const key of found.surplusVirtualServers) {
    await ports.kernel.removeVirtualServer(key)
    repaired = true
  }
  for (const { server, real } of found.surplusRealServers) {
    await ports.kernel.removeRealServer(server, real)
    repaired = true
  }
  for (const vip of found.surplusVips.filter(
    (one) => before?.role === found.role && before.surplusVips.includes(one),
  )) {
    await ports.kernel.removeAddress(model.vrrp.interface, vip)
    repaired = true
  }
  if (found.missingVirtualServers.length + found.missingRealServers.length + found.wrong.length > 0) {
    const running = await ports.keepalived.running()
    if (running !== null) {
      await ports.keepalived.respawnChecker(running)
      repaired = true
    }
  }
  return repaired
}
