import { sizeOf, vipsOf } from "../../core/model/keepalived-model.ts"
import type { AgentPorts, Touches } from "./ports.ts"
import { type InEffect, isSameProcess } from "./state.ts"
import {
  afterAlive,
  afterComparison,
  afterDeath,
  afterFailedComparison,
  afterInterference,
  afterMissing,
  afterProcessSeen,
  afterRestart,
  afterRevival,
  afterSoak,
  afterSoakCheck,
  beforeSwap,
  isBack,
} from "./transitions.ts"
import { allHold, verifyAll } from "../apply/apply.ts"
import { connectionless } from "../effect/intended.ts"
import { checkDrift, type Restored } from "../effect/repair.ts"
import {
  afterRepair,
  isOver,
  KUBE_PROXY_INTERFACE,
  nextLookMs,
  NO_INTERFERENCE,
  pauseMs,
} from "../effect/interference.ts"
import { type FallingBack, fallBack } from "./fall-back.ts"
import type { Kernel, RunningKeepalived } from "../ports.ts"
import type { Roles } from "../vrrp/vrrp.ts"

type Comparing = Touches<
  "state" | "timers" | "runAlone" | "requestApply",
  "applyPorts" | "keepalived" | "kernel" | "owned" | "appeared" | "clock" | "log" | "onChange"
>
type Watching = Comparing & FallingBack & Touches<"options", "settle" | "onSoaked">

/** Checks keepalived: whether it died, and whether a soak is over. */
export async function watchKeepalived(workings: Watching): Promise<void> {
  const { state, ports } = workings
  const { running: before, inEffect } = state.known()
  const running = await ports.keepalived.running()
  state.become(afterProcessSeen(running))
  if (partsOf(before) !== partsOf(running)) ports.onChange(state.known())
  if (inEffect === null) {
    if (before !== null && running === null) workings.requestApply()
    return
  }
  if (running === null) return revive(workings)
  const { parent } = state.known()
  state.become(afterAlive(running, ports.clock.now()))
  if (parent !== null && !isSameProcess(parent, running.parent)) return noteRestart(inEffect, running, workings)
  // kube-proxy empties the whole table when it starts in nftables mode, and the kernel tells no program.
  if (await isEmptied(inEffect, ports.kernel)) return compareAndRepair(workings)
  await endSoak(inEffect, workings)
}

/** Whether another program has removed everything from the IPVS table. */
async function isEmptied({ model }: InEffect, kernel: Kernel): Promise<boolean> {
  if (kernel.hasVirtualServers === undefined || sizeOf(vipsOf(model)).virtualServers === 0) return false
  return !(await kernel.hasVirtualServers())
}

/** Which of its processes run, as the status names them. */
function partsOf(running: RunningKeepalived | null): string {
  return running === null ? "none" : running.vrrp === null ? "without VRRP" : "all"
}

/** Compares the kernel with what should be in effect, and repairs it. */
export async function compareAndRepair(workings: Comparing): Promise<void> {
  const { state, ports, timers, runAlone } = workings
  const { inEffect, lastDifferences, interference } = state.known()
  if (inEffect === null || (await ports.keepalived.running()) === null) return
  await compareLiveFile(inEffect, workings)
  const mayRestore = pauseMs(interference, ports.clock.now()) === 0
  const looked = checkDrift(inEffect.model, lastDifferences, { ...ports, mayRestore })
  const comparison = await looked.catch((error: unknown) => {
    // The result of the previous comparison is not valid any more.
    state.become(afterFailedComparison)
    ports.onChange(state.known())
    throw error
  })
  const { found, restored } = comparison
  const isComplete = isBack(state.known(), comparison)
  state.become(afterComparison(comparison))
  if (isComplete) ports.appeared(connectionless(inEffect.model))
  await watchInterference(restored, workings)
  if (found !== null && found.surplusVips.length > 0)
    timers.set("second-look", SECOND_LOOK_MS, () => void runAlone("compare", () => compareAndRepair(workings)))
  ports.onChange(state.known())
}

/**
 * keepalived reads the live file at its next start, and only the agent writes it. If the file has other content,
 * the agent applies the configuration in effect again. If the newest generation does not lead to that configuration, its
 * text is not available any more; the next good change then replaces the file.
 */
async function compareLiveFile(
  inEffect: InEffect,
  { state, ports, requestApply }: Touches<"state" | "requestApply", "applyPorts" | "log">,
): Promise<void> {
  const { observation, doubtful } = state.known()
  if (doubtful || (await allHold(ports.applyPorts.targets, inEffect))) return
  ports.log.warn("live-file", { difference: "keepalived.conf is not what was applied", sha256: inEffect.sha256 })
  if (observation?.kind !== "candidate" || observation.release.sha256 !== inEffect.sha256) return
  state.become(beforeSwap)
  requestApply()
}

/** After a recent repair of IPVS another program may undo it again, so the agent compares before the interval ends. */
async function watchInterference(restored: Restored, workings: Comparing): Promise<void> {
  const { state, ports, timers, runAlone } = workings
  const now = ports.clock.now()
  let { interference } = state.known()
  if (restored !== "nothing") {
    const kubeProxy = (await ports.kernel.hasInterface?.(KUBE_PROXY_INTERFACE)) ?? false
    interference = afterRepair(interference, now, { respawned: restored === "respawned", kubeProxy })
  } else if (isOver(interference, now)) interference = NO_INTERFERENCE
  state.become(afterInterference(interference))
  const nextMs = nextLookMs(interference, now)
  if (nextMs === null) timers.clear("interference")
  else timers.set("interference", nextMs, () => void runAlone("compare", () => compareAndRepair(workings)))
}

/** For a keepalived that runs and does nothing: the new one reads the same file. */
export async function restartKeepalived({ keepalived, log }: Pick<AgentPorts, "keepalived" | "log">): Promise<void> {
  const verdict = await keepalived.restart()
  log.warn("keepalived-restarted", { verdict: verdict.kind, ...(verdict.kind === "failed" ? verdict : {}) })
}

/** Packets for a VIP that arrived before the VIP did were forwarded, and began flows that IPVS does not know. */
export function reportTakeover(now: Roles, { state, ports }: Touches<"state", "appeared">): void {
  const { roles, inEffect } = state.known()
  if (inEffect === null) return
  const isMaster = (of: Roles, name: string) => of.get(name)?.state === "master"
  const instances = inEffect.model.instances.filter(({ name }) => isMaster(now, name) && !isMaster(roles, name))
  if (instances.length > 0) ports.appeared(connectionless({ instances }))
}

/** The supervisor restarts a keepalived that died. The agent starts it only if the supervisor was told not to. */
async function revive(workings: FallingBack): Promise<void> {
  const { state, ports } = workings
  const now = ports.clock.now()
  state.become(afterMissing(now))
  if (now - (state.known().missingSince ?? now) < REVIVE_AFTER_MS) return
  state.become(afterRevival)
  const verdict = await ports.keepalived.start()
  ports.log.warn("keepalived-started", { verdict: verdict.kind })
  if (verdict.kind === "failed") await diedTooOften(workings)
}

/** The new keepalived programs its file; the agent removes what the old one left behind. */
async function noteRestart(inEffect: InEffect, now: RunningKeepalived, workings: Watching): Promise<void> {
  const { state, ports } = workings
  ports.log.warn("keepalived-restarted", { now: now.parent.pid })
  state.become(afterRestart(ports.clock.now()))
  if (await diedTooOften(workings)) return
  const failure = await verifyAll(ports.applyPorts.targets, inEffect)
  if (failure !== null) ports.log.warn("keepalived-restarted", { difference: failure })
  else ports.appeared(connectionless(inEffect.model))
  await compareAndRepair(workings)
}

/** Counts a death, and goes back when the configuration is to blame. @returns whether it went back. */
async function diedTooOften(workings: FallingBack): Promise<boolean> {
  const { state, ports } = workings
  const { inEffect } = state.known()
  if (inEffect === null || ports.clock.now() - inEffect.since > BLAME_MS) return false
  state.become(afterDeath)
  const { deaths } = state.known()
  if (deaths < MOST_DEATHS) return false
  const reason = `keepalived ended ${deaths} times within ${BLAME_MS / 1_000} s of the change`
  return fallBack(reason, workings)
}

/** A configuration that is in effect at the end of the soak, in the same process, becomes the last known good one. */
async function endSoak(inEffect: InEffect, workings: Watching): Promise<void> {
  const { state, ports, options } = workings
  const { soakSince, parent, doubtful, history } = state.known()
  const now = ports.clock.now()
  if (soakSince === null || doubtful || now - soakSince < options.soakMs) return
  const difference = await verifyAll(ports.applyPorts.targets, inEffect)
  const running = await ports.keepalived.running()
  state.become(afterSoakCheck(ports.clock.now()))
  if (running === null || parent === null || !isSameProcess(running.parent, parent)) return
  if (difference !== null) {
    ports.log.warn("soak", { difference })
    return compareAndRepair(workings)
  }
  await ports.settle(inEffect)
  if (await ports.onSoaked(inEffect, history)) state.become(afterSoak)
}

const REVIVE_AFTER_MS = 3_000
const SECOND_LOOK_MS = 1_000
/** Time after an apply in which a death of keepalived is blamed on the configuration, in ms. */
const BLAME_MS = 60_000
const MOST_DEATHS = 3
