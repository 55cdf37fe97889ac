import { existsSync, readFileSync } from "node:fs"
import { release } from "node:os"
import { join } from "node:path"
import { Command, Option } from "commander"

import { POINTER_FILE, STATUS_FILE } from "../../contract/layout.ts"
import { decodePointer } from "../../contract/pointer.ts"
import { decodeStatus } from "../../contract/status.ts"
import type { Signs, SyncSigns } from "../../contract/signs.ts"
import { decodeSyncStatus } from "../../contract/sync-status.ts"
import { agentSignsIn, syncBeatIn } from "../../heartbeats/read.ts"
import { faultCode } from "../../kit/fault.ts"
import { systemClock } from "../../kit/time/clock.ts"
import { packageVersion } from "../../kit/files/package-file.ts"
import { EXIT, statusAfter } from "../../terminal/exit-status.ts"
import { processScreen, type Screen, withNothingHidden } from "../../terminal/screen.ts"
import { linkOf } from "../kernel/link.ts"
import { hostFacts } from "../kernel/host.ts"
import { createLan } from "../lan/arping.ts"
import { clusterIn } from "../volume/cluster-reader.ts"
import { advertChecks } from "./advert-checks.ts"
import { advertCounts, logLines, peersIn, proxyConfiguration } from "./ask.ts"
import { type ClusterAt, clockChecks } from "./clock-checks.ts"
import { type Finding, good } from "./finding.ts"
import { findingsText } from "./findings-text.ts"
import { kernelChecks } from "./kernel-checks.ts"
import { lanChecks } from "./lan-checks.ts"
import { mtuChecks } from "./mtu-checks.ts"
import { peerChecks } from "./peer-checks.ts"
import { proxyChecks } from "./proxy-checks.ts"
import { interfacesOf, statusChecks } from "./status-checks.ts"

interface Options {
  readonly applied: string
  readonly desired: string
  readonly runDir: string
  readonly output: string
}

/**
 * `kkv doctor`: what is wrong with this node, what that causes, and what to do. It changes nothing.
 *
 * @param argv The words after `kkv doctor`.
 * @returns 0 if nothing is wrong or unknown, 1 if something is, 2 for a wrong command line, 3 for a fault.
 */
export async function main(argv: readonly string[], own: Screen = processScreen()): Promise<number> {
  const screen = withNothingHidden(own)
  let status: number = EXIT.good
  const program = commandFor(screen, async (options) => {
    status = await doctor(options, screen)
  })
  try {
    await program.parseAsync([...argv], { from: "user" })
    return status
  } catch (error) {
    return statusAfter(error, "kkv", screen)
  }
}

/** The command line for commander. */
export function commandFor(screen: Screen, run: (options: Options) => Promise<void>): Command {
  const directory = (flag: string, fallback: string, what: string) =>
    new Option(`${flag} <dir>`, what).env(`KKV_${flag.slice(2).toUpperCase()}`).default(fallback)
  return new Command("kkv doctor")
    .description("print what is wrong with this node, what that causes, and what to do; in the sidecar's container")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => screen.out(text),
      writeErr: (text) => screen.err(text),
      outputError: (text, write) => write(text.replace(/^error: /, "kkv: ")),
    })
    .addOption(directory("--applied", "/run/kkv/applied", "the sidecar's volume"))
    .addOption(directory("--desired", "/run/kkv/desired", "the volume of sync"))
    .addOption(
      new Option("--run-dir <dir>", "directory of keepalived's pid files and log")
        .env("KKV_RUN_DIR")
        .default("/run/keepalived"),
    )
    .addOption(
      new Option("-o, --output <format>", "text for people, json for programs")
        .choices(["text", "json"])
        .default("text"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  kkv doctor\n  kkv doctor -o json | jq '.findings[] | select(.state != \"good\")'\n",
    )
    .showHelpAfterError('Run "kkv doctor --help" for its flags')
    .allowExcessArguments(false)
    .action(run)
}

async function doctor(options: Options, screen: Screen): Promise<number> {
  const findings = await findingsOn(options)
  const healthy = !findings.some(({ state }) => state === "wrong" || state === "unknown")
  screen.out(
    options.output === "json" ? `${JSON.stringify({ healthy, findings }, null, 2)}\n` : findingsText(findings, screen),
  )
  return healthy ? EXIT.good : EXIT.no
}

async function findingsOn({ applied, desired, runDir }: Options): Promise<readonly Finding[]> {
  const machine = { read: readKernelFile, link: linkOf }
  const signs = signsIn(applied, desired)
  if (signs === null) return [...kernelChecks(machine, []), NO_STATUS]
  const { status } = signs
  const interfaces = interfacesOf(status)
  const [interfaceName = null] = interfaces
  const failures: string[] = []
  const lan = createLan((why) => failures.push(why))
  const cluster = clusterOf(desired)
  const counts = () => advertCounts(runDir)
  const log = () => logLines(runDir)
  // Each waits for answers of the LAN.
  const [taken, adverts, peers, configuration] = await Promise.all([
    lanChecks({ lan, status, failures }),
    advertChecks({ vrrp: status.vrrp, counts, log, clock: systemClock }),
    peersIn(desired, status.node).then((found) => peerChecks({ peers: found, interfaceName, lan, cluster })),
    proxyConfiguration(),
  ])
  const vips = status.vips.filter(({ inEffect }) => inEffect).map(({ vip }) => vip)
  return [
    ...kernelChecks(machine, interfaces),
    ...mtuChecks({ names: [...hostFacts().interfaces], mtu: mtuOf }, interfaces),
    ...proxyChecks({ configuration, hasInterface: linkOf(KUBE_PROXY_INTERFACE) !== "absent", vips }),
    ...statusChecks(signs),
    ...[...taken, ...adverts, ...peers],
    ...clockChecks(cluster, status.node, Date.now()),
    good(
      "versions",
      `kkv ${packageVersion()}, keepalived ${status.keepalivedVersion ?? "unknown"}, kernel ${release()}`,
    ),
  ]
}

/** The interface on which kube-proxy in IPVS mode has the addresses of Services. */
const KUBE_PROXY_INTERFACE = "kube-ipvs0"

function mtuOf(name: string): number | null {
  const text = readKernelFile(`/sys/class/net/${name}/mtu`)
  return text === null ? null : Number(text)
}

/** Null if the reports of the other nodes are unknown: what follows from that is sync's own check. */
function clusterOf(desired: string): ClusterAt {
  const reading = clusterIn(desired)
  return reading.kind === "cluster" && reading.cluster.bootId === reading.moment.bootId ? reading : null
}

const NO_STATUS: Finding = {
  check: "sidecar",
  state: "unknown",
  is: "it has written no status yet",
  causes: "what it does is unknown",
  action: "run this in the sidecar's container, or name its volume with --applied",
}

/** Null before the sidecar has written a status. @throws If a file cannot be read. */
function signsIn(applied: string, desired: string): Signs | null {
  const text = readKernelFile(join(applied, STATUS_FILE))
  if (text === null) return null
  const status = decodeStatus(text)
  if (status.kind !== "value")
    throw new Error(`Cannot read "${join(applied, STATUS_FILE)}": it is from another release, or damaged`)
  return { status: status.value, agent: agentSignsIn(applied), sync: syncSignsIn(desired) }
}

/** Null if the volume of sync is not visible from here. */
function syncSignsIn(desired: string): SyncSigns | null {
  if (!existsSync(desired)) return null
  const pointer = decodePointer(readKernelFile(join(desired, POINTER_FILE)) ?? "")
  const said = decodeSyncStatus(readKernelFile(join(desired, STATUS_FILE)) ?? "")
  return {
    ...syncBeatIn(desired),
    published: pointer.kind === "value" ? pointer.value.sequence : null,
    status: said.kind === "value" ? said.value : null,
  }
}

/** @throws If it exists and cannot be read. */
function readKernelFile(file: string): string | null {
  try {
    return readFileSync(file, "utf8").trimEnd()
  } catch (error) {
    if (faultCode(error) === "ENOENT") return null
    throw new Error(`Cannot read "${file}"`, { cause: error })
  }
}
