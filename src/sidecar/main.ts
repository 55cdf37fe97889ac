import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { systemClock } from "../kit/time/clock.ts"
import { takeLock } from "../kit/files/lock.ts"
import { createLog, type Log } from "../kit/process/log.ts"
import { standardError } from "../kit/process/output.ts"
import { makePrivateDirectory } from "../kit/files/private-directory.ts"
import { untilSignal } from "../kit/process/signals.ts"
import { assemble } from "./wiring/run.ts"
import { createFindCaptures } from "./capture/find-captures.ts"
import { hostFacts } from "./kernel/host.ts"
import { createKeepalived } from "./keepalived/keepalived.ts"
import { createKernel } from "./kernel/kernel.ts"
import { masqueradeChainOf } from "./kernel/iptables.ts"
import { linkOf } from "./kernel/link.ts"
import { createVrrpSource } from "./keepalived/vrrp-source.ts"
import { createLan } from "./lan/arping.ts"
import type { Machine } from "./wiring/machine.ts"
import { parseSettings, type SidecarSettings } from "./wiring/settings.ts"

/** Runs the sidecar until it is told to end; with `doctor` as the first word, `kkv doctor`. @returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === "doctor") return (await import("./doctor/doctor.ts")).main(argv.slice(1))
  const parsed = parseSettings(argv)
  if (parsed.kind === "exit") return parsed.status
  const { settings } = parsed
  const log = createLog({ program: "sidecar", node: settings.node }, { level: settings.logLevel })
  for (const directory of [settings.applied, settings.runDirectory]) await mkdir(directory, { recursive: true })
  // On the node's disk: the configuration that is started on where there is no other, and whatever was archived.
  await makePrivateDirectory(settings.state)
  const { virtualRouterId } = settings.model
  // A network namespace has room for one sidecar a virtual router ID: its addresses, its IPVS table, its VRRP.
  const name = `kkv-sidecar-${virtualRouterId}`
  const lock = await takeLock(name)
  if (lock === null) {
    standardError().write(
      `kkv: Cannot start: another sidecar on this node has virtual router ID ${virtualRouterId}; stop it, or choose another with --vrid (who has the lock: ss -xlp | grep @${name})\n`,
    )
    return 3
  }
  const program = await assemble(settings, machineOf(settings, log), {
    ...{ clock: systemClock, date: () => new Date(), log },
  })
  await untilSignal(["SIGTERM", "SIGINT"])
  log.info("stopping", {})
  await program.stop()
  await lock.release()
  return 0
}

function machineOf(settings: SidecarSettings, log: Log): Machine {
  const keepalived = createKeepalived({
    program: settings.keepalived,
    runDirectory: settings.runDirectory,
    serviceDirectory: settings.service,
    liveFile: join(settings.applied, "keepalived.conf"),
    clock: systemClock,
  })
  const { keepalived: program, runDirectory } = settings
  const vrrp = createVrrpSource({ program, runDirectory, clock: systemClock })
  const captures = createFindCaptures()
  const kernel = createKernel({ chain: masqueradeChainOf(settings.model.virtualRouterId) })
  const machine = { keepalived, kernel, host: hostFacts, link: linkOf, vrrp, captures }
  // A node that waits for answers has another list of VIPs than the others, and in the classic layout their lists must be equal.
  return settings.askLan && settings.model.layout === "anchor"
    ? { ...machine, lan: createLan((why) => log.warn("lan-unknown", { why })) }
    : machine
}
