import type { KeepalivedModel } from "../core/model/keepalived-model.ts"
import type { Clock } from "../kit/clock.ts"
import type { Log } from "../kit/log.ts"
import {
  type Differences,
  differenceText,
  type Owned,
  virtualServerName,
  type WrongValue,
} from "./keepalived/effect.ts"
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
  readonly clock: Clock
  readonly log: Log
}

/**
 * Compares the kernel with the model that should be in effect and repairs what is ours.
 *
 * keepalived compares with its own memory only, so a reload repairs nothing. What is missing in IPVS comes back when the
 * checker child is started anew by its parent; what is wrong is set right, and what is too much and ours is removed, by us;
 * what is not ours stays.
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
  const found = await seenTwice(model, ports)
  if (found === null) {
    const difference = `there is no interface "${model.vrrp.interface}"`
    return { found, check: { role: null, difference, repaired: false } }
  }
  const difference = differenceText(found)
  if (difference === null) return { found, check: { role: found.role, difference, repaired: false } }
  const repaired = await repair(model, { found, before }, ports)
  ports.log.warn("drift", { difference, repaired, role: found.role })
  return { found, check: { role: found.role, difference, repaired } }
}

/** The kernel's table is no snapshot while somebody changes it: a difference counts when a second look agrees. */
async function seenTwice(model: KeepalivedModel, ports: DriftPorts): Promise<Differences | null> {
  const first = await compareWithKernel(model, ports.kernel, await ports.owned())
  if (first !== null && differenceText(first) === null) return first
  await ports.clock.delay(SECOND_LOOK_MS)
  return compareWithKernel(model, ports.kernel, await ports.owned())
}

const SECOND_LOOK_MS = 100

interface Drift {
  readonly found: Differences
  readonly before: Differences | null
}

/** @returns whether anything was done. */
async function repair(model: KeepalivedModel, { found, before }: Drift, ports: DriftPorts): Promise<boolean> {
  const { kernel } = ports
  for (const key of found.surplusVirtualServers) await kernel.removeVirtualServer(key)
  for (const { server, real } of found.surplusRealServers) await kernel.removeRealServer(server, real)
  for (const value of found.wrong) await correct(value, model, kernel)
  const stale = found.surplusVips.filter((vip) => before?.role === found.role && before.surplusVips.includes(vip))
  for (const vip of stale) await kernel.removeAddress(model.vrrp.interface, vip)
  const missing = found.missingVirtualServers.length + found.missingRealServers.length
  const running = missing === 0 ? null : await ports.keepalived.running()
  if (running !== null) await ports.keepalived.respawnChecker(running)
  const removed = found.surplusVirtualServers.length + found.surplusRealServers.length + stale.length
  return removed > 0 || found.wrong.length > 0 || running !== null
}

/** A new checker child adds what is missing and leaves what is there as it is: a wrong value is ours to set. */
async function correct({ server, real }: WrongValue, model: KeepalivedModel, kernel: Kernel): Promise<void> {
  const name = virtualServerName(server)
  const wanted = model.vips.flatMap((vip) => vip.virtualServers).find((one) => virtualServerName(one) === name)
  if (wanted === undefined) return
  if (real === null) return kernel.setVirtualServer(server, wanted)
  const intended = wanted.realServers.find((one) => one.address === real.address && one.port === real.port)
  if (intended === undefined) return
  const { address, port, weight } = intended
  await kernel.setRealServer(server, { address, port, weight, forwardingMethod: wanted.forwardingMethod })
}
