/** The two containers of a pod as processes, with a FAKE keepalived whose reloads are watched. */
import { type ChildProcess, spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { build } from "esbuild"

import { packageFile } from "../../src/kit/files/package-file.ts"
import { readLauncher } from "../launcher.ts"
import { volumesRoot } from "../world.ts"

export interface Programs {
  readonly sidecar: string
  readonly keepalived: string
}

/** Bundled as the product is, so that memory is what the product needs. */
export async function bundle(): Promise<Programs> {
  const outdir = packageFile(".cache/bench", import.meta.url)
  await build({
    entryPoints: {
      sidecar: packageFile("bench/latency/sidecar.ts", import.meta.url),
      keepalived: packageFile("bench/latency/fake-keepalived.ts", import.meta.url),
    },
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node22.22",
    minify: true,
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
    logLevel: "warning",
  })
  return { sidecar: join(outdir, "sidecar.mjs"), keepalived: join(outdir, "keepalived.mjs") }
}

/** A pod that runs. */
export interface Pod {
  /** The volume that sync publishes in. */
  readonly desired: string
  /** When each SIGHUP came, in ms since the epoch. */
  readonly hangups: readonly number[]
  /** The keepalived.conf that the n-th SIGHUP was for. */
  reloaded(at: number): string
  readonly sync: Usage
  readonly sidecar: Usage
  /** Until no SIGHUP has come for 3 s. */
  untilQuiet(): Promise<void>
  stop(): Promise<void>
}

/** What a process uses. */
export interface Usage {
  /** Resident memory, in MB. */
  memory(): Memory
  /** Processor time since its start, in ms. */
  processor(): number
}

/** Resident memory of a process, in MB. Source: proc_pid_smaps_rollup(5). */
export interface Memory {
  /** All of it: RSS. */
  readonly resident: number
  /** The part of it that other processes have as well, such as the pages of the Node.js binary. */
  readonly shared: number
}

/** Memory of processes, in MB, each page counted once: what they share is the same to all of them. */
export function togetherOf(all: readonly Memory[]): number {
  const own = all.reduce((sum, { resident, shared }) => sum + resident - shared, 0)
  return own + Math.max(...all.map(({ shared }) => shared))
}

/**
 * Starts sync and sidecar as bin/kkv does, and waits until they are at rest.
 *
 * @param source The words that tell sync where objects come from.
 * @param kkv The bundle that sync is started from.
 */
export async function startPod(
  programs: Programs,
  source: readonly string[],
  kkv: string = packageFile("dist/kkv.mjs", import.meta.url),
): Promise<Pod> {
  const directory = await mkdtemp(join(volumesRoot(), "kkv-bench-"))
  await mkdir(join(directory, "desired"))
  const { flags, environment } = readLauncher()
  const hangups: number[] = []
  const started: ChildProcess[] = []
  const start = (words: readonly string[], onOutput?: (text: string) => void) => {
    const child = spawn(process.execPath, [...flags, ...words], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", onOutput === undefined ? "ignore" : "pipe", "ignore"],
    })
    child.stdout?.setEncoding("utf8").on("data", onOutput ?? (() => undefined))
    started.push(child)
    return usageOf(child)
  }
  start([programs.keepalived, join(directory, "run")], (text) => hangups.push(...text.trim().split("\n").map(Number)))
  await delay(500)
  const desired = ["--desired", join(directory, "desired"), "--services-configmap", "default/vips"]
  const sync = start([kkv, "sync", ...source, ...desired])
  const sidecar = start([programs.sidecar, ...sidecarWords(directory)])
  const pod: Pod = {
    desired: join(directory, "desired"),
    hangups,
    reloaded: (at) => readFileSync(join(directory, "run/reloads", String(at)), "utf8"),
    sync,
    sidecar,
    untilQuiet: async () => {
      for (let seen = -1; seen !== hangups.length;) {
        seen = hangups.length
        await delay(3_000)
      }
    },
    stop: async () => {
      for (const child of started.toReversed()) child.kill("SIGTERM")
      await delay(500)
      await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
    },
  }
  while (hangups.length === 0) await delay(100)
  await pod.untilQuiet()
  return pod
}

function usageOf({ pid }: ChildProcess): Usage {
  return {
    memory: () => {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")
      const of = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(text)?.[1]) / 1024
      return { resident: of("Rss"), shared: of("Shared_Clean") + of("Shared_Dirty") }
    },
    // proc(5): utime and stime, in ticks of 10 ms.
    processor: () => {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ")
      return 10 * (Number(fields[11]) + Number(fields[12]))
    },
  }
}

/** The flags of a sidecar that has all its folders in one directory. */
export function sidecarWords(directory: string): readonly string[] {
  const name = readdirSync("/sys/class/net").find((one) => one !== "lo" && !one.startsWith("bonding")) ?? "lo"
  const words = { desired: "desired", applied: "applied", state: "state", "run-dir": "run", service: "service" }
  const folders = Object.entries(words).flatMap(([flag, folder]) => [`--${flag}`, join(directory, folder)])
  return [
    ...folders,
    "--node",
    "n1",
    "--iface",
    name,
    "--http-port",
    "0",
    "--snat",
    "none",
    "--ask-lan",
    "false",
    "--drain-time",
    "0",
    "--vrid",
    "251",
  ]
}
