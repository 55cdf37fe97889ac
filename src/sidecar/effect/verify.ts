import {
  interfacesOf,
  type KeepalivedModel,
  sizeOf,
  vipsOf,
  virtualServerKey,
} from "../../core/model/keepalived-model.ts"
import type { Clock } from "../../kit/time/clock.ts"
import { intendedEffect } from "./intended.ts"
import {
  type Differences,
  differences,
  differenceText,
  type IntendedEffect,
  type KernelState,
  type Owned,
} from "./differences.ts"
import { missingText } from "./addresses.ts"
import type { Kernel } from "../ports.ts"

/**
 * Whether a quick look at the kernel shows everything that the model asks for. The quick look may omit entries, so it cannot
 * tell what is surplus.
 */
async function isSeenAtAGlance(model: KeepalivedModel, kernel: Kernel, owned: Owned): Promise<boolean> {
  if (kernel.glance === undefined) return false
  const intended = intendedEffect(model)
  const asked = new Set(intended.virtualServers.map(virtualServerKey))
  for (const name of owned.virtualServers) if (!asked.has(name)) return false
  const addresses = await addressesFor(intended, kernel)
  if (addresses.size === 0) return false
  return differenceText(differences(intended, { addresses, virtualServers: await kernel.glance() }, owned)) === null
}

/** The addresses of the interfaces of the instances, without the interfaces that do not exist. */
async function addressesFor({ instances }: IntendedEffect, kernel: Kernel): Promise<KernelState["addresses"]> {
  const addresses = new Map<string, ReadonlySet<string>>()
  for (const name of new Set(instances.map((one) => one.interface))) {
    const found = await kernel.addresses(name)
    if (found !== null) addresses.set(name, found)
  }
  return addresses
}

/** Compares the kernel with a model. Null: no interface of its instances exists. */
export async function compareWithKernel(
  model: KeepalivedModel,
  kernel: Kernel,
  owned: Owned,
): Promise<Differences | null> {
  const intended = intendedEffect(model)
  const addresses = await addressesFor(intended, kernel)
  if (addresses.size === 0) return null
  return differences(intended, { addresses, virtualServers: await kernel.virtualServers() }, owned)
}

/** The result of `compareWithKernel` in one line; null when the kernel shows the model. */
export function comparisonText(found: Differences | null, model: KeepalivedModel): string | null {
  return found === null ? missingText(interfacesOf(model)) : differenceText(found)
}

/**
 * Waits until the kernel shows the model. The kernel does not notify of IPVS changes, so this polls, at growing
 * intervals.
 *
 * @returns null when it does, or the difference when the time is over.
 */
export async function verifyEffect(
  model: KeepalivedModel,
  ports: { readonly kernel: Kernel; readonly clock: Clock; readonly owned: () => Promise<Owned> },
): Promise<string | null> {
  const deadline = ports.clock.now() + VERIFY_MS + VERIFY_MS_PER_REAL_SERVER * sizeOf(vipsOf(model)).realServers
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const owned = await ports.owned()
    if (await isSeenAtAGlance(model, ports.kernel, owned)) return null
    const found = await compareWithKernel(model, ports.kernel, owned)
    const text = comparisonText(found, model)
    if (text === null) return null
    if (ports.clock.now() >= deadline) return `the kernel does not show the configuration: ${text}`
    await ports.clock.delay(pause)
  }
}

const VERIFY_MS = 5_000
const VERIFY_MS_PER_REAL_SERVER = 1
const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 250
