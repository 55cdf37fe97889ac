import {
  interfacesOf,
  type KeepalivedModel,
  virtualServerKey,
  virtualServersOf,
} from "../../core/model/keepalived-model.ts"
import type { Clock } from "../../kit/time/clock.ts"
import type { Log } from "../../kit/process/log.ts"
import { additionName, additionOf, type AddressOn } from "./addresses.ts"
import { type Differences, differenceText, type Owned, type WrongValue } from "./differences.ts"
import type { Keepalived, Kernel } from "../ports.ts"
import { compareWithKernel, comparisonText } from "./verify.ts"

/** The result of a comparison with the kernel, and of the repair. */
export interface DriftCheck {
  /** Null: the kernel shows what it should. */
  readonly difference: string | null
  readonly repaired: boolean
  /** True when the repair of IPVS is delayed, because there were several recently. */
  readonly waits?: boolean
}

/** The result of an apply that succeeded: the kernel shows what it should. */
export const VERIFIED: DriftCheck = { difference: null, repaired: false }

/** What was done to IPVS: the agent corrected the entries one by one, or restarted the checker, which adds them. */
export type Restored = "nothing" | "set-right" | "respawned"

export interface DriftPorts {
  readonly keepalived: Pick<Keepalived, "running" | "respawnChecker">
  readonly kernel: Kernel
  readonly owned: () => Promise<Owned>
  readonly clock: Clock
  readonly log: Log
  /** False when IPVS must not be repaired yet; true if absent. */
  readonly mayRestore?: boolean
}

/**
 * Compares the kernel with the model that should be in effect and repairs our entries.
 *
 * keepalived compares only with its own memory, so a reload repairs nothing. The agent adds what is missing, corrects what
 * is wrong, and removes surplus entries that are ours. It leaves other entries alone.
 * It removes an address only if the previous check found it too: during an election, addresses look surplus for a
 * moment.
 *
 * @param before The differences that the previous check found.
 */
export async function checkDrift(
  model: KeepalivedModel,
  before: Differences | null,
  ports: DriftPorts,
): Promise<{ readonly check: DriftCheck; readonly found: Differences | null; readonly restored: Restored }> {
  const found = await seenTwice(model, ports)
  const difference = comparisonText(found, model)
  if (found === null || difference === null)
    return { found, check: { difference, repaired: false }, restored: "nothing" }
  const { mayRestore = true } = ports
  const cleared = await clear(model, { found, before }, ports.kernel)
  const restored = mayRestore ? await restoreIpVs(model, found, ports) : "nothing"
  const repaired = cleared || restored !== "nothing"
  const waits = !mayRestore && differsInIpVs(found)
  ports.log.warn("drift", { difference, repaired, waits, roles: Object.fromEntries(found.roles) })
  return { found, check: { difference, repaired, waits }, restored }
}

/**
 * Adds what IPVS lacks of a model that keepalived reports as programmed: kube-proxy may delete it during the
 * reload. The caller checks whether it stays.
 *
 * @returns false when nothing was missing, or it cannot be added.
 */
export async function restoreMissing(model: KeepalivedModel, ports: DriftPorts): Promise<boolean> {
  try {
    const found = await compareWithKernel(model, ports.kernel, await ports.owned())
    if (found === null || found.missingVips.length > 0 || found.surplusVips.length > 0) return false
    const restored = await restore(model, found, ports)
    if (restored === "nothing") return false
    ports.log.warn("restored", { difference: differenceText(found), by: restored })
    return true
  } catch (error) {
    ports.log.warn("restored", { error })
    return false
  }
}

/**
 * Cleans up after a keepalived that did not stop in order, before the next one starts. The next one does not know which
 * entries its predecessor had beyond its own configuration, and keeps the values of entries that it finds. Call it only
 * while keepalived does not run, so that no election adds or removes addresses meanwhile.
 */
export async function clearRemains(
  model: KeepalivedModel,
  { kernel, owned, log }: Pick<DriftPorts, "kernel" | "owned" | "log">,
): Promise<void> {
  const ours = await owned()
  for (const { address, interface: name } of addedElsewhere(model, ours)) {
    if ((await kernel.addresses(name))?.has(address) !== true) continue
    await kernel.removeAddress(name, address)
    log.warn("remains-cleared", { difference: `surplus: ${address} on ${name}` })
  }
  const found = await compareWithKernel(model, kernel, ours)
  if (found === null || !(await setRight(model, found, kernel))) return
  log.warn("remains-cleared", { difference: differenceText(found) })
}

/** Addresses that were added to an interface that no instance is on now. */
function addedElsewhere(model: KeepalivedModel, { additions }: Owned): readonly AddressOn[] {
  const used = new Set(interfacesOf(model))
  return [...additions].map(additionOf).filter((one) => !used.has(one.interface))
}

/** The kernel's table is not a snapshot while programs change it: a difference counts when a second look confirms it. */
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

/** Removes what is certainly surplus. @returns whether anything was done. */
async function clear(model: KeepalivedModel, { found, before }: Drift, kernel: Kernel): Promise<boolean> {
  const isElection = [...found.roles].some(([name, role]) => before?.roles.get(name) !== role)
  const known = new Set(isElection ? [] : before?.surplusVips.map(additionName))
  const surplusVips = found.surplusVips.filter((one) => known.has(additionName(one)))
  return setRight(model, { ...found, ...NOTHING_WRONG, surplusVips }, kernel)
}

const NOTHING_WRONG = { surplusRealServers: [], wrong: [] }

/** Corrects the virtual servers that must exist. */
async function restoreIpVs(model: KeepalivedModel, found: Differences, ports: DriftPorts): Promise<Restored> {
  const done = await setRight(model, { ...found, surplusVirtualServers: [], surplusVips: [] }, ports.kernel)
  const restored = await restore(model, found, ports)
  return restored === "nothing" && done ? "set-right" : restored
}

function differsInIpVs(found: Differences): boolean {
  const { missingVirtualServers, missingRealServers, surplusRealServers, wrong } = found
  return [missingVirtualServers, missingRealServers, surplusRealServers, wrong].some((list) => list.length > 0)
}

/** Removes surplus entries and corrects wrong ones. @returns whether anything was done. */
async function setRight(model: KeepalivedModel, found: Differences, kernel: Kernel): Promise<boolean> {
  for (const key of found.surplusVirtualServers) await kernel.removeVirtualServer(key)
  for (const { server, real } of found.surplusRealServers) await kernel.removeRealServer(server, real)
  for (const value of found.wrong) await correct(value, model, kernel)
  for (const one of found.surplusVips) await kernel.removeAddress(one.interface, one.address)
  return [found.surplusVirtualServers, found.surplusRealServers, found.wrong, found.surplusVips].some(
    (list) => list.length > 0,
  )
}

/** Maximum entries that are added one by one. For more, it is cheaper to restart keepalived's checker, which adds all. */
const FEW = 20

/**
 * Adds what is missing. keepalived believes that the entry exists, so adding it directly matches keepalived's memory.
 * If keepalived checks real servers, only keepalived knows which of them may be added.
 */
async function restore(
  model: KeepalivedModel,
  found: Differences,
  { kernel, keepalived }: DriftPorts,
): Promise<Restored> {
  const names = new Set(found.missingVirtualServers.map(virtualServerKey))
  const servers = virtualServersOf(model)
  const lost = servers.filter((server) => names.has(virtualServerKey(server)))
  const reals = [
    ...lost.flatMap((server) => server.realServers.map((real) => ({ server, real }))),
    ...found.missingRealServers.flatMap(({ server, real }) => {
      const of = servers.find((one) => virtualServerKey(one) === virtualServerKey(server))
      const wanted = of?.realServers.find((one) => one.address === real.address && one.port === real.port)
      return of === undefined || wanted === undefined ? [] : [{ server: of, real: wanted }]
    }),
  ]
  if (reals.length === 0) return "nothing"
  if (reals.length > FEW || lost.some((server) => server.check !== "none")) {
    const running = await keepalived.running()
    if (running !== null) await keepalived.respawnChecker(running)
    return running === null ? "nothing" : "respawned"
  }
  for (const server of lost) await kernel.addVirtualServer(server, server)
  for (const { server, real } of reals)
    await kernel.addRealServer(server, { ...real, forwardingMethod: server.forwardingMethod })
  return "set-right"
}

/** Corrects wrong values, because keepalived keeps the values of entries that exist. */
async function correct({ server, real }: WrongValue, model: KeepalivedModel, kernel: Kernel): Promise<void> {
  const name = virtualServerKey(server)
  const wanted = virtualServersOf(model).find((one) => virtualServerKey(one) === name)
  if (wanted === undefined) return
  if (real === null) return kernel.setVirtualServer(server, wanted)
  const intended = wanted.realServers.find((one) => one.address === real.address && one.port === real.port)
  if (intended === undefined) return
  const { address, port, weight } = intended
  await kernel.setRealServer(server, { address, port, weight, forwardingMethod: wanted.forwardingMethod })
}
