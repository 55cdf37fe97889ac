/** From a change in a real Kubernetes API to the SIGHUP, and what sync costs in clusters of several sizes. */
import { setTimeout as delay } from "node:timers/promises"

import { type ClusterWorld, openClusterWorld } from "./cluster/world.ts"
import { churn, idleLatencies } from "./latency.ts"
import { bundle, type Pod, type Programs, startPod } from "./latency/pod.ts"
import { ms, quantile, table } from "./statistics.ts"

const NAMED = 100
const ENDPOINTS = 10
/** Services in the cluster, the named ones among them. */
const SIZES = [500, 5_000, 20_000]
const IDLE = { changes: 25, pauseMs: 1_500 }
const RANDOM = { changes: 60, longestMs: 1_000 }
const REST_MS = 60_000

/**
 * Prints two tables, each line as soon as it is known: latencies; memory, processor time and requests at rest.
 *
 * @param kubeconfig Of an API server that nobody else uses: namespaces named bench-… and the Services of `default` are ours.
 * @param sizes How many Services the cluster has, rising; empty for the usual ones.
 */
export async function benchCluster(kubeconfig: string, sizes: readonly number[]): Promise<void> {
  const programs = await bundle()
  const world = await openClusterWorld(kubeconfig)
  const [first = 500, ...others] = sizes.length > 0 ? sizes : SIZES
  try {
    await world.fill({ named: NAMED, endpoints: ENDPOINTS, services: first })
    console.log(`${await measureLatency(world, programs, kubeconfig)}\n`)
    const head = ["Services        ", "RSS sync", "after churn", "processor at rest", "requests/min", "received/min"]
    console.log(table(head, []))
    for (const services of [first, ...others]) {
      await world.fill({ named: NAMED, endpoints: ENDPOINTS, services })
      console.log(
        table(head, [[`${services}, ${NAMED} named`, ...(await measureCosts(world, programs, kubeconfig))]])
          .split("\n")
          .at(-1),
      )
    }
  } finally {
    await world.close()
  }
}

async function measureLatency(world: ClusterWorld, programs: Programs, kubeconfig: string): Promise<string> {
  const pod = await startPod(programs, ["--kubeconfig", kubeconfig])
  try {
    const idle = await idleLatencies(pod, (turn) => world.changeOneEndpoint(turn % NAMED, turn), IDLE)
    const random = await randomLatencies(pod, world)
    const burst = await churn(pod, (turn) => world.changeOneEndpoint(turn % NAMED, 150 + (turn % 49)))
    const times = (values: readonly number[]) => [0.5, 0.99].map((share) => `${ms(quantile(values, share))} ms`)
    const row = (what: string, values: readonly number[]) => [what, ...times(values), `${ms(Math.max(...values))} ms`]
    const head = ["Change of an EndpointSlice to SIGHUP, 100 VIPs x 10", "p50", "p99", "max"]
    const rows = [row("idle: every 1.5 s", idle), row("random: 0 to 1 s apart", random)]
    const after = `Burst of 100 changes in 4.4 s (medians of five): ${burst.perSecond.toFixed(1)} reloads a second, converged ${ms(burst.convergedMs)} ms after the last.`
    return `${table(head, rows)}\n\n${after}`
  } finally {
    await pod.stop()
  }
}

/** Each change until the first SIGHUP for a configuration that has it. */
async function randomLatencies(pod: Pod, world: ClusterWorld): Promise<readonly number[]> {
  const first = pod.hangups.length
  const changes: { readonly address: string; readonly at: number }[] = []
  for (let turn = 0; turn < RANDOM.changes; turn += 1) {
    const at = performance.timeOrigin + performance.now()
    changes.push({ address: await world.changeOneEndpoint(turn % NAMED, 100 + (turn % 50)), at })
    await delay(Math.random() * RANDOM.longestMs)
  }
  await pod.untilQuiet()
  const reloads = pod.hangups.slice(first).map((at, index) => ({ at, text: pod.reloaded(first + index) }))
  return changes.map(({ address, at }) => {
    const reload = reloads.find((one) => one.at > at && one.text.includes(`real_server ${address} `))
    return reload === undefined ? Number.NaN : reload.at - at
  })
}

async function measureCosts(world: ClusterWorld, programs: Programs, kubeconfig: string): Promise<string[]> {
  const pod = await startPod(programs, ["--kubeconfig", kubeconfig])
  const memory: number[] = []
  try {
    memory.push(Math.round(pod.sync.memory().resident))
    // What nobody named comes and goes all day.
    for (let turn = 0; turn < 500; turn += 1) await world.changeUnnamed(turn)
    await delay(2_000)
    memory.push(Math.round(pod.sync.memory().resident))
  } finally {
    await pod.stop()
  }
  const counted = await startPod(programs, ["--apiserver-host", world.counted.url])
  try {
    await delay(5_000)
    const [requests, bytes, processor] = [world.counted.requests(), world.counted.bytes(), counted.sync.processor()]
    await delay(REST_MS)
    return [
      ...memory.map((megabytes) => `${megabytes} MB`),
      `${((100 * (counted.sync.processor() - processor)) / REST_MS).toFixed(2)} %`,
      String(world.counted.requests() - requests),
      `${((world.counted.bytes() - bytes) / 1024).toFixed(1)} KiB`,
    ]
  } finally {
    await counted.stop()
  }
}
