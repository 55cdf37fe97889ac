import { type KeepalivedModel, sizeOf } from "../core/model/keepalived-model.ts"
import type { Clock } from "../kit/clock.ts"
import { intendedEffect } from "./apply/intent.ts"
import { type Differences, differences, differenceText, type Owned } from "./keepalived/effect.ts"
import type { Kernel } from "./ports.ts"

/** Compares what the kernel shows with a model. Null: the interface is not there. */
export async function compareWithKernel(
  model: KeepalivedModel,
  kernel: Kernel,
  owned: Owned,
): Promise<Differences | null> {
  const addresses = await kernel.addresses(model.vrrp.interface)
  if (addresses === null) return null
  return differences(intendedEffect(model), { addresses, virtualServers: await kernel.virtualServers() }, owned)
}

/**
 * Waits until the kernel shows the model. The kernel sends nobody a note when IPVS changes, so this looks again, ever
 * more seldom.
 *
 * @returns null when it does, or what differs still when the time is over.
 */
export async function verifyEffect(
  model: KeepalivedModel,
  ports: { readonly kernel: Kernel; readonly clock: Clock; readonly owned: () => Promise<Owned> },
): Promise<string | null> {
  const deadline = ports.clock.now() + VERIFY_MS + VERIFY_MS_PER_REAL_SERVER * sizeOf(model).realServers
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const found = await compareWithKernel(model, ports.kernel, await ports.owned())
    const text = found === null ? `there is no interface "${model.vrrp.interface}"` : differenceText(found)
    if (text === null) return null
    if (ports.clock.now() >= deadline) return `the kernel does not show what was asked for: ${text}`
    await ports.clock.delay(pause)
  }
}

const VERIFY_MS = 5_000
const VERIFY_MS_PER_REAL_SERVER = 1
const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 250
