/** The largest input that the contract allows, every endpoint of it changing at once, under the memory limits and on the volumes of the manifests. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"

import { decodeHeartbeat } from "../src/contract/heartbeat.ts"
import { type LargestApi, type LargestSize, startLargestApi } from "./largest/api.ts"
import { currentDirectory, type LargestPod, shippedSizes, startLargestPod } from "./largest/pod.ts"
import { table } from "./statistics.ts"

/** 31.6 MiB a generation, of 32 that are allowed; the addresses are longer from the fourth change on. */
const LARGEST: LargestSize = { services: 4_998, endpoints: 67, vips: 1_000 }
/** What one keepalived is given at most: 19,992 real servers. */
const APPLIED: LargestSize = { ...LARGEST, endpoints: 4 }
const LIMIT_MS = 180_000

/**
 * Prints a table for each part, a line as soon as it is known.
 *
 * @throws Where something does not hold: a program that is killed, a change that does not arrive.
 */
export async function benchLargest(only: readonly string[] = []): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => (interrupted = signal))
  for (const name of only.length === 0 ? Object.keys(PARTS) : only) await PARTS[name]?.()
}

/** The signal that ends the run, after all is cleared away; null while none came. */
let interrupted: string | null = null

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  shipped: () =>
    inWorld(LARGEST, "the shipped volume", async (world) => {
      for (const by of ["list", "events", "list", "events", "list", "events"] as const) await change(world, by)
    }),
  held: () =>
    inWorld(LARGEST, "a reader that keeps a generation in use from the first change on", async (world) => {
      await change(world, "list")
      const letGo = world.pod.hold()
      for (const by of ["events", "list", "events", "list", "events"] as const) await change(world, by)
      letGo()
      await change(world, "list")
    }),
  small: () =>
    inWorld(LARGEST, "a volume of 100 MiB, two generations and a half", async (world) => {
      world.pod.resize(100)
      for (const by of ["list", "events", "list", "events", "list"] as const) await change(world, by)
    }),
  full: () =>
    inWorld(LARGEST, "a volume of 60 MiB, one generation and a half, made larger after the fault", async (world) => {
      world.pod.resize(60)
      await expectFull(world)
      world.pod.resize(world.desired)
      await arrival(world, "made larger")
      await until(() => statusIn(world.pod).startsWith("published"), "the status says published", world)
      await change(world, "list")
    }),
  applied: () =>
    inWorld(APPLIED, "19,992 real servers, which the sidecar applies", async (world) => {
      for (const by of ["list", "events", "list", "events", "list"] as const) await change(world, by)
    }),
}

interface World {
  readonly api: LargestApi
  readonly pod: LargestPod
  readonly desired: number
  readonly size: LargestSize
}

/** MiB where nothing else is said. */
const HEAD = [
  "change     ",
  "there after ms",
  "publishing took ms",
  "sync: RSS",
  "charged",
  "in desired/",
  "generations",
  "given up",
  "sidecar: RSS",
  "charged",
  "says    ",
  "after ms",
]

async function inWorld(size: LargestSize, title: string, story: (world: World) => Promise<void>): Promise<void> {
  const shipped = shippedSizes()
  console.log(
    `\n${title}; the limits: ${shipped.sync} MiB for sync, ${shipped.sidecar} for the sidecar, ${shipped.desired} for desired/\n`,
  )
  console.log(table(HEAD, []))
  const api = await startLargestApi(size)
  try {
    const pod = await startLargestPod({ url: api.url, shipped })
    const world = { api, pod, desired: shipped.desired, size }
    try {
      await arrival(world, "start")
      await story(world)
    } finally {
      await pod.stop()
    }
  } finally {
    await api.close()
  }
}

async function change(world: World, by: "list" | "events"): Promise<void> {
  world.api.change(by)
  await arrival(world, `by ${by}`)
}

/** Until what the API has now is published, and the sidecar has said what it makes of it. */
async function arrival(world: World, title: string): Promise<void> {
  const { api, pod, size } = world
  const since = performance.now()
  await until(() => has(pod, api.newest(), size), "the newest addresses are published", world)
  const tookMs = performance.now() - since
  const sequence = () => Number(currentDirectory(pod.desired).split("/").at(-1)?.split("-")[0])
  const isThrough = ({ sequence: seen, outcome }: Seen) => seen === sequence() && outcome !== "waiting"
  await until(() => isThrough(seenBy(pod)), "the sidecar is through with it", world)
  const appliedMs = performance.now() - since
  const given = pod.sync.lines.filter((line) => line["event"] === "old generations given up")
  const mib = (value: number) => value.toFixed(0)
  const row = [
    title,
    mib(tookMs),
    String(pod.sync.lines.findLast((line) => line["event"] === "published")?.["tookMs"]),
    mib(pod.sync.rssPeak()),
    mib(pod.sync.charged()),
    mib(pod.used()),
    String(readdirSync(join(pod.desired, "generations")).length),
    String(given.flatMap((line) => line["generations"]).length),
    mib(pod.sidecar.rssPeak()),
    mib(pod.sidecar.charged()),
    seenBy(pod).outcome,
    mib(appliedMs),
  ]
  console.log(table(HEAD, [row]).split("\n").at(-1))
}

/** A fault that giving up cannot mend is said everywhere, and what is published stays. */
async function expectFull(world: World): Promise<void> {
  const { api, pod } = world
  const before = currentDirectory(pod.desired)
  api.change("list")
  await until(() => statusIn(pod).includes("VOLUME_FULL"), "status.yaml says that the volume is full", world)
  await until(
    () => pod.sync.lines.some((line) => JSON.stringify(line).includes("VOLUME_FULL")),
    "the log says it",
    world,
  )
  await until(() => beatIn(pod).startsWith("ENOSPC"), "the heartbeat says it, for the VipReport", world)
  if (currentDirectory(pod.desired) !== before) throw new Error("Cannot go on: what was published is gone")
  console.log(`status.yaml: ${statusIn(pod)}`)
}

/** The fault in sync's heartbeat. */
function beatIn({ desired }: LargestPod): string {
  const reading = decodeHeartbeat(readFileSync(join(desired, "beat/heartbeat"), "latin1"))
  return reading.kind === "heartbeat" ? (reading.heartbeat.fault ?? "nothing") : reading.why
}

function statusIn({ desired }: LargestPod): string {
  const file = join(desired, "status.yaml")
  const text = existsSync(file) ? readFileSync(file, "utf8") : ""
  return `${/^state: (.*)$/m.exec(text)?.[1]} ${text.split("\n").find((line) => line.includes("VOLUME")) ?? ""}`
}

interface Seen {
  readonly sequence: number
  readonly outcome: string
}

/** What the sidecar's status says of the newest generation that it has read. */
function seenBy({ applied }: LargestPod): Seen {
  const file = join(applied, "status.yaml")
  const text = existsSync(file) ? readFileSync(file, "utf8") : ""
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(text)?.[1] ?? "nothing"
  return { sequence: Number(field("observedGeneration")), outcome: field("outcome") }
}

function has({ desired }: LargestPod, [first = "", last = ""]: readonly string[], { services }: LargestSize): boolean {
  if (!existsSync(join(desired, "current.json"))) return false
  const root = join(currentDirectory(desired), "services/default")
  return [
    ["0000", first],
    [String(services - 1).padStart(4, "0"), last],
  ].every(([at, address]) => {
    try {
      return readFileSync(join(root, `service-${at}.json`), "utf8").includes(`"${address}"`)
    } catch {
      return false
    }
  })
}

async function until(holds: () => boolean, claim: string, { pod }: World): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  while (!holds()) {
    const why = reasonToEnd(pod, deadline)
    if (why !== null) {
      const said = [pod.sync, pod.sidecar].flatMap(({ lines }) =>
        lines.slice(-8).map((line) => JSON.stringify(line).slice(0, 600)),
      )
      throw new Error(
        `Cannot go on: it is not so that ${claim} (${why}; kills ${pod.sync.kills()}, ${pod.sidecar.kills()})\n${said.join("\n")}`,
      )
    }
    await delay(20)
  }
}

function reasonToEnd({ sync, sidecar }: LargestPod, deadline: number): string | null {
  if (interrupted !== null) return interrupted
  const ended = [sync.ended(), sidecar.ended()]
  if (ended.some((one) => one !== null)) return `sync ended: ${ended[0]}, sidecar: ${ended[1]}`
  return performance.now() > deadline ? "too late" : null
}
