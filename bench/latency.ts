import { type ChildProcess, spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { build } from "esbuild"
import { packageFile } from "../src/kit/package-file.ts"
import { ms, quantile, table } from "./statistics.ts"
import { changeOneEndpoint, type Size, volumesRoot, writeManifests } from "./world.ts"

const SIZES: readonly Size[] = [10, 100, 1_000].map((vips) => ({ vips, endpoints: 10 }))
/** The pause is longer than the agent wants after a reload at that size, so that each change finds it at rest. */
const IDLE = {
  small: { changes: 25, pauseMs: 1_500 },
  large: { changes: 9, pauseMs: 6_000 },
}
const CHURN = { changes: 100, everyMs: 44 }

/** From the rename of a manifest, through sync, volume, sidecar and the real config test, to the SIGHUP. */
export async function benchLatency(): Promise<string> {
  const programs = await bundle()
  const rows: string[][] = []
  for (const size of SIZES) rows.push(await measure(size, programs))
  const head = [
    "VIPs x endpoints",
    "idle p50",
    "p90",
    "max",
    "burst: reloads",
    "converged after",
    "RSS sync",
    "RSS sidecar",
  ]
  return table(head, rows)
}

interface Programs {
  readonly sidecar: string
  readonly keepalived: string
}

/** Bundled as the product is, so that memory is what the product needs. */
async function bundle(): Promise<Programs> {
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

async function measure(size: Size, programs: Programs): Promise<string[]> {
  const directory = await mkdtemp(join(volumesRoot(), "kkv-bench-"))
  const source = join(directory, "source")
  await writeManifests(source, size)
  await mkdir(join(directory, "desired"))
  const hangups: number[] = []
  const started: ChildProcess[] = []
  const start = (words: readonly string[], onOutput?: (text: string) => void) => {
    // As bin/kkv starts them.
    const child = spawn(process.execPath, ["--max-semi-space-size=1", "--optimize-for-size", "--no-maglev", ...words], {
      env: { ...process.env, MALLOC_ARENA_MAX: "1" },
      stdio: ["ignore", onOutput === undefined ? "ignore" : "pipe", "ignore"],
    })
    child.stdout?.setEncoding("utf8").on("data", onOutput ?? (() => undefined))
    started.push(child)
    return child
  }
  try {
    start([programs.keepalived, join(directory, "run")], (text) => hangups.push(...text.trim().split("\n").map(Number)))
    await delay(500)
    const sync = start([
      packageFile("dist/kkv.mjs", import.meta.url),
      "sync",
      "--source",
      source,
      "--desired",
      join(directory, "desired"),
      "--services-configmap",
      "default/vips",
    ])
    const sidecar = start([programs.sidecar, ...sidecarWords(directory)])
    await untilQuiet(hangups)
    const idle: number[] = []
    const { changes, pauseMs } = size.vips < 1_000 ? IDLE.small : IDLE.large
    for (let turn = 1; turn <= changes; turn += 1) {
      const before = hangups.length
      const changedAt = performance.timeOrigin + performance.now()
      await changeOneEndpoint(source, turn % size.vips, { endpoints: size.endpoints, turn })
      await delay(pauseMs)
      const reloadedAt = hangups[before]
      if (reloadedAt !== undefined) idle.push(reloadedAt - changedAt)
    }
    const burst = await churn(source, size, hangups)
    const memory = [rssOf(sync), rssOf(sidecar)].map((mib) => `${mib} MB`)
    const times = [quantile(idle, 0.5), quantile(idle, 0.9), Math.max(...idle)].map((time) => `${ms(time)} ms`)
    return [
      `${size.vips} x ${size.endpoints}`,
      ...times,
      String(burst.reloads),
      `${ms(burst.convergedMs)} ms`,
      ...memory,
    ]
  } finally {
    for (const child of started.toReversed()) child.kill("SIGTERM")
    await delay(500)
    await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
  }
}

/** 100 changes in 4.4 s: how many reloads they lead to, and how long after the last one the last reload comes. */
async function churn(
  source: string,
  size: Size,
  hangups: readonly number[],
): Promise<{ readonly reloads: number; readonly convergedMs: number }> {
  const before = hangups.length
  for (let turn = 0; turn < CHURN.changes; turn += 1) {
    await changeOneEndpoint(source, turn % size.vips, { endpoints: size.endpoints, turn: 100 + turn })
    await delay(CHURN.everyMs)
  }
  const lastChange = performance.timeOrigin + performance.now()
  await untilQuiet(hangups)
  return { reloads: hangups.length - before, convergedMs: Math.max(0, (hangups.at(-1) ?? Number.NaN) - lastChange) }
}

/** Until no SIGHUP has come for 3 s. */
async function untilQuiet(hangups: readonly number[]): Promise<void> {
  for (let seen = -1; seen !== hangups.length;) {
    seen = hangups.length
    await delay(3_000)
  }
}

function sidecarWords(directory: string): readonly string[] {
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
    "--drain-time",
    "0",
    "--vrid",
    "251",
  ]
}

function rssOf(child: ChildProcess): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]
  return Math.round(Number(kib) / 1024)
}
