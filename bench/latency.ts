import { mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"

import { bundle, type Pod, type Programs, startPod, togetherOf } from "./latency/pod.ts"
import { median, ms, quantile, table } from "./statistics.ts"
import { changeOneEndpoint, type Size, volumesRoot, writeManifests } from "./world.ts"

const VIPS = [10, 100, 1_000]
const ENDPOINTS = 10
/** The pause is longer than the agent wants after a reload at that size, so that each change finds it at rest. */
const IDLE = {
  small: { changes: 25, pauseMs: 1_500 },
  large: { changes: 9, pauseMs: 6_000 },
}
const CHURN = { changes: 100, everyMs: 44, rounds: 5 }

/**
 * From the rename of a manifest, through sync, volume, sidecar and the real config test, to the SIGHUP.
 * @param sizes Numbers of VIPs; all of the table if empty.
 */
export async function benchLatency(sizes: readonly number[]): Promise<string> {
  const programs = await bundle()
  const rows: string[][] = []
  for (const vips of sizes.length > 0 ? sizes : VIPS) rows.push(await measure({ vips, endpoints: ENDPOINTS }, programs))
  const head = [
    "VIPs x endpoints",
    "idle p50",
    "p90",
    "max",
    "burst: reloads/s",
    "converged after",
    "RSS sync",
    "RSS sidecar",
    "both, each page once",
  ]
  return table(head, rows)
}

async function measure(size: Size, programs: Programs): Promise<string[]> {
  const source = await mkdtemp(join(volumesRoot(), "kkv-bench-source-"))
  await writeManifests(source, size)
  const pod = await startPod(programs, ["--source", source])
  try {
    const { changes, pauseMs } = size.vips < 1_000 ? IDLE.small : IDLE.large
    const change = (turn: number) => changeOneEndpoint(source, turn % size.vips, { endpoints: size.endpoints, turn })
    const idle = await idleLatencies(pod, change, { changes, pauseMs })
    const burst = await churn(pod, (turn) => change(100 + turn))
    const used = [pod.sync, pod.sidecar].map((usage) => usage.memory())
    const memory = [...used.map(({ resident }) => resident), togetherOf(used)].map((size) => `${Math.round(size)} MB`)
    const times = [quantile(idle, 0.5), quantile(idle, 0.9), Math.max(...idle)].map((time) => `${ms(time)} ms`)
    const figures = [burst.perSecond.toFixed(1), `${ms(burst.convergedMs)} ms`]
    return [`${size.vips} x ${size.endpoints}`, ...times, ...figures, ...memory]
  } finally {
    await pod.stop()
    await rm(source, { recursive: true, force: true })
  }
}

/** One change after the other, each finding all at rest: how long until the SIGHUP, in ms. */
export async function idleLatencies(
  { hangups }: Pod,
  change: (turn: number) => Promise<unknown>,
  { changes, pauseMs }: { readonly changes: number; readonly pauseMs: number },
): Promise<readonly number[]> {
  const latencies: number[] = []
  for (let turn = 1; turn <= changes; turn += 1) {
    const before = hangups.length
    const changedAt = performance.timeOrigin + performance.now()
    await change(turn)
    await delay(pauseMs)
    const reloadedAt = hangups[before]
    if (reloadedAt !== undefined) latencies.push(reloadedAt - changedAt)
  }
  return latencies
}

/** 100 changes in 4.4 s, some times over: how many reloads a second, and how long after the last change the last reload; medians. */
export async function churn(
  pod: Pod,
  change: (turn: number) => Promise<unknown>,
): Promise<{ readonly perSecond: number; readonly convergedMs: number }> {
  const bursts: { readonly perSecond: number; readonly convergedMs: number }[] = []
  for (let round = 0; round < CHURN.rounds; round += 1) {
    const before = pod.hangups.length
    for (let turn = 0; turn < CHURN.changes; turn += 1) {
      await change(round * CHURN.changes + turn)
      await delay(CHURN.everyMs)
    }
    const lastChange = performance.timeOrigin + performance.now() - CHURN.everyMs
    await pod.untilQuiet()
    const reloads = pod.hangups.slice(before)
    const [first = 0, last = 0] = [reloads[0], reloads.at(-1)]
    bursts.push({
      perSecond: (1000 * (reloads.length - 1)) / (last - first),
      convergedMs: Math.max(0, last - lastChange),
    })
  }
  return {
    perSecond: median(bursts.map(({ perSecond }) => perSecond)),
    convergedMs: median(bursts.map(({ convergedMs }) => convergedMs)),
  }
}
