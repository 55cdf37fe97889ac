/**
 * The sidecar as it is, but for the kernel: a fake that shows just what the live file asks for. Everything up to SIGHUP is
 * the real thing: watcher, reader, pipeline, config test, journal, swap.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { systemClock } from "../../src/kit/time/clock.ts"
import { createLog } from "../../src/kit/process/log.ts"
import { untilSignal } from "../../src/kit/process/signals.ts"
import { assemble } from "../../src/sidecar/wiring/run.ts"
import { hostFacts } from "../../src/sidecar/kernel/host.ts"
import { createKeepalived } from "../../src/sidecar/keepalived/keepalived.ts"
import type { KernelVirtualServer } from "../../src/sidecar/ports.ts"
import { parseSettings } from "../../src/sidecar/wiring/settings.ts"
import { addressesIn, kernelShowing } from "../../test/support/fake-kernel.ts"
import { vrrpShowing } from "../../test/support/fake-vrrp.ts"

const parsed = parseSettings(process.argv.slice(2))
if (parsed.kind === "exit") process.exit(parsed.status)
const { settings } = parsed
const liveFile = join(settings.applied, "keepalived.conf")
const keepalived = createKeepalived({
  clock: systemClock,
  program: settings.keepalived,
  runDirectory: settings.runDirectory,
  serviceDirectory: settings.service,
  liveFile,
})
const kernel = kernelShowing({
  // A master: a backup would wait for the adverts of another before each reload.
  addresses: () => Promise.resolve(new Set(addressesIn(readFileSync(liveFile, "utf8")))),
  virtualServers: () => Promise.resolve(virtualServersOf(readFileSync(liveFile, "utf8"))),
})
// The address of the Node, so that the VIPs are in a subnet of the interface.
const addresses = [{ interface: settings.interface ?? "", address: "10.4.0.3", prefixLength: 16 }]
const host = () => ({ ...hostFacts(), addresses, ipvs: true })
const link = () => "up" as const
const vrrp = vrrpShowing(() => "master")
const log = createLog({ program: "sidecar" }, { level: settings.logLevel })
const program = await assemble(
  settings,
  { keepalived, kernel, host, link, vrrp },
  { clock: systemClock, date: () => new Date(), log },
)
await untilSignal(["SIGTERM"])
await program.stop()

function virtualServersOf(text: string): KernelVirtualServer[] {
  const blocks = text.matchAll(/^virtual_server (\S+) (\d+) \{\n([^]*?)^\}/gm)
  return Array.from(blocks, ([, address = "", port = "", body = ""]) => ({
    address,
    port: Number(port),
    protocol: "TCP",
    scheduler: "wlc",
    realServers: Array.from(
      body.matchAll(/real_server (\S+) (\d+) \{\n\s+weight (\d)/g),
      ([, real = "", on = "", weight = ""]) => ({
        address: real,
        port: Number(on),
        forwardingMethod: "NAT",
        weight: Number(weight),
      }),
    ),
  }))
}
