/**
 * Kills an agent at random points, again and again, and says whether what must hold did hold.
 * Usage: node test/faults/random-crashes.ts DIRECTORY POINTS SEED. Prints one line of JSON.
 *
 * The agent is made of the sidecar's own parts on a real disk; keepalived and kernel are FAKES, which outlive it. All agents share this
 * process: at the n-th call the agent dies, that is to say that this call and all later ones of it fail, so the disk stays as a
 * kill -9 would leave it. Time runs fifty times faster than it is.
 */
import { AsyncLocalStorage } from "node:async_hooks"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Clock } from "../../src/kit/clock.ts"
import { createLog } from "../../src/kit/log.ts"
import { assemble } from "../../src/sidecar/assemble.ts"
import type { Machine } from "../../src/sidecar/parts.ts"
import type { Kernel, ReloadVerdict, RunningKeepalived, TestVerdict } from "../../src/sidecar/ports.ts"
import { parseSettings } from "../../src/sidecar/settings.ts"
import { vipsText } from "../support/manifests.ts"
import { seededRandom } from "../support/random.ts"
import { publicationOf, publisherOf } from "../support/volume.ts"
import { failure, inject } from "./inject.ts"

const SPEED = 50
/** A pass, with soak and archive, makes about a hundred calls. */
const MOST_CALLS = 110
/** From the first byte of the candidate to the journal's last word. */
const CALLS_OF_AN_APPLY = 45
/** An agent that does nothing any more for so long is killed at rest. */
const REST_MS = 250
const SOAK_MS = 1_000

const [directory = "", points = "", seed = ""] = process.argv.slice(2)
const random = seededRandom(Number(seed))
const at = (name: string) => join(directory, name)
const liveFile = at("applied/keepalived.conf")

interface Life {
  /** Calls that it has left, once `begun`. */
  left: number
  /** From which call on they are counted. */
  readonly from: "its start" | "its first candidate"
  begun: boolean
  dead: boolean
  /** Of what it was about to do when it died. */
  last: string
}
const lives = new AsyncLocalStorage<Life>()
/** Every call of an agent passes here; those of a dead one fail. */
function call(what: string): void {
  const life = lives.getStore()
  if (life === undefined) return
  life.begun ||= life.from === "its start" || what.includes("/candidates/.")
  if (!life.dead && life.begun && life.left-- <= 0) {
    life.dead = true
    life.last = what
    died.set(what, (died.get(what) ?? 0) + 1)
    onDeath()
  }
  if (life.dead) throw failure("EIO", what, "the agent is dead")
  calls++
}
let calls = 0
let onDeath = () => {}
const died = new Map<string, number>()
inject({
  actionAt: () => null,
  each: (name, about) => {
    // The look whether somebody pinned a generation, every second, changes nothing and would use up the chances.
    if (!about.startsWith(directory) || about.endsWith("/pin.json")) return
    const paths = about.split(" ").filter((word) => word.startsWith(directory))
    call(`${name} ${paths.map((path) => path.slice(directory.length).replaceAll(/[0-9a-f]{6,}/g, "*")).join(" -> ")}`)
  },
})

const realTimeout = globalThis.setTimeout
const realInterval = globalThis.setInterval
const realDelay = (ms: number) => new Promise<void>((resolve) => realTimeout(resolve, ms))
globalThis.setTimeout = ((act: () => void, ms = 0, ...rest: []) =>
  realTimeout(act, ms / SPEED, ...rest)) as typeof realTimeout
globalThis.setInterval = (act: () => void, ms = 0, ...rest: []) => realInterval(act, ms / SPEED, ...rest)
const clock: Clock = {
  now: () => performance.now() * SPEED,
  delay: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const timer = setTimeout(resolve, ms)
      signal?.addEventListener("abort", () => {
        clearTimeout(timer)
        resolve()
      })
    }),
}

/** What outlives every agent. */
const world = {
  pid: 0,
  alive: false,
  /** sha256 and text of what keepalived has read last. */
  read: { sha256: "", text: "", at: 0 },
  tested: new Set<string>(),
  /** Files that keepalived had for at least the soak. */
  soaked: new Set<string>(),
  reloads: 0,
  rollbacks: 0,
}
const violations: string[] = []

function readLive(): void {
  noteSoak()
  const text = lives.exit(() => readFileSync(liveFile, "utf8"))
  const sha256 = sha256Of(text)
  if (!world.tested.has(sha256)) violations.push(`keepalived was given ${sha256}, which no config test has accepted`)
  world.read = { sha256, text, at: clock.now() }
  world.reloads++
}

function noteSoak(): void {
  if (world.alive && clock.now() - world.read.at >= SOAK_MS) world.soaked.add(world.read.sha256)
}

const identity = (): RunningKeepalived | null => {
  if (!world.alive) return null
  const of = (pid: number) => ({ pid, startTime: String(world.pid) })
  return { parent: of(world.pid), checker: null, vrrp: of(world.pid + 1) }
}
const acknowledged: ReloadVerdict = { kind: "acknowledged", tookMs: 1 }

async function command(what: string, before: () => void): Promise<ReloadVerdict> {
  call(`keepalived ${what}`)
  before()
  readLive()
  await realDelay(1)
  call(`keepalived ${what}, done`)
  if (random() < 0.9) return acknowledged
  world.rollbacks++
  return { kind: "failed", reason: `the ${what} failed by chance`, log: [] }
}

function machine(): Machine {
  const begin = () => {
    world.pid += 10
    world.alive = true
  }
  return {
    keepalived: {
      version: () => Promise.resolve("2.2.7"),
      test: async (file): Promise<TestVerdict> => {
        call("keepalived test")
        await realDelay(1)
        world.tested.add(sha256Of(lives.exit(() => readFileSync(file, "utf8"))))
        call("keepalived test, done")
        return { kind: "accepted", tookMs: 1 }
      },
      running: () => Promise.resolve(identity()),
      start: () => command("start", () => world.alive || begin()),
      reload: () => command("reload", () => {}),
      restart: () => command("restart", begin),
      advertsHeard: () => Promise.resolve(null),
      respawnChecker: () => Promise.resolve(),
    },
    kernel: kernel(),
    host: () => ({ addresses: [], interfaces: new Set(["eth0"]), ipvs: false }),
  }
}

/** It shows what keepalived has read, whatever the live file says. */
function kernel(): Kernel {
  const nothing = () => Promise.resolve()
  return {
    addresses: () => Promise.resolve(new Set(world.alive ? addressesIn(world.read.text) : [])),
    virtualServers: () => Promise.resolve([]),
    removeAddress: nothing,
    setVirtualServer: nothing,
    setRealServer: nothing,
    addVirtualServer: nothing,
    addRealServer: nothing,
    removeVirtualServer: nothing,
    removeRealServer: nothing,
    masquerade: nothing,
  }
}

function addressesIn(text: string): readonly string[] {
  return [...text.matchAll(/^\s+([0-9.]+)\/32/gm)].map(([, address = ""]) => address)
}

// A process that was killed complains no more; anything else is a finding. An error of this script itself must not end it in silence.
let told = false
process.on("exit", (status) => {
  if (status === 0 && !told) process.exitCode = 70
})
for (const event of ["uncaughtException", "unhandledRejection"] as const)
  process.on(event, (error: unknown) => {
    if (!String(error).includes("the agent is dead")) violations.push(`${event}: ${String(error)}`)
  })

const settings = settingsOf()
function settingsOf() {
  const folders = ["desired", "applied", "state"].flatMap((name) => [`--${name}`, at(name)])
  const words = [
    "--node",
    "n1",
    "--iface",
    "eth0",
    "--http-port",
    "0",
    "--snat",
    "none",
    "--soak",
    String(SOAK_MS / 1000),
  ]
  const parsed = parseSettings([...folders, "--run-dir", at("run"), ...words, "--drain-time", "0"])
  if (parsed.kind === "exit") throw new Error("Cannot use the settings")
  return parsed.settings
}

for (const name of ["desired", "applied", "state", "run"]) mkdirSync(at(name))
const publisher = publisherOf(at("desired"))
let wanted = ""
async function publish(): Promise<void> {
  const lasts = [51, 52, 53, 54, 55].filter(() => random() < 0.5)
  // Whatever goes is meant to: the guard against mass removal is another test's.
  const meant = `\n  annotations: {kube-keepalived-vip.io/allow-mass-removal: "${lasts.length}"}\ndata:`
  const text = vipsText(...lasts.map((last) => `10.4.0.${last}: ""`)).replace("\ndata:", meant)
  await publisher.publish(publicationOf(text))
  wanted = lasts.map((last) => `10.4.0.${last}`).join()
}

/** Lets an agent live for so many calls, or until `enough`. */
async function live(left: number, from: Life["from"], enough: () => boolean): Promise<Life> {
  const life: Life = { left, from, begun: false, dead: false, last: "rest" }
  const death = new Promise<void>((resolve) => (onDeath = resolve))
  const log = createLog({}, { level: "silent" })
  const born = lives.run(life, () => assemble(settings, machine(), { clock, log }))
  const program = await born.catch((error: unknown) => {
    if (!life.dead) violations.push(`the agent did not start: ${String(error)}`)
    return null
  })
  if (program === null) return life
  const end = performance.now() + LIMIT_MS
  for (let seen = -1, since = performance.now(); !life.dead && !enough();) {
    if (calls !== seen) [seen, since] = [calls, performance.now()]
    if (left !== Number.POSITIVE_INFINITY && performance.now() - since > REST_MS) break
    if (performance.now() > end) break
    await Promise.race([death, realDelay(5)])
  }
  life.dead = true
  await lives.run(life, () => program.stop().catch(() => undefined))
  return life
}
const LIMIT_MS = 20_000

function isConverged(): boolean {
  const shown = addressesIn(world.read.text).filter((one) => !one.startsWith("169.254."))
  const journal = jsonOf(at("applied/journal.json")) as { phase?: string; to?: string } | null
  return (
    world.alive &&
    shown.join() === wanted &&
    journal?.phase === "in-effect" &&
    journal.to === world.read.sha256 &&
    sha256Of(textOf(liveFile)) === world.read.sha256 &&
    knownGood().at(-1) === world.read.sha256
  )
}

/** What the node remembers as good, the newest last. */
function knownGood(): readonly string[] {
  const root = at("state/last-known-good")
  // The very first agent may die before it has made the folder.
  if (!existsSync(root)) return []
  const names = readdirSync(root).filter((name) => !name.startsWith("."))
  return names.toSorted().map((name) => sha256Of(textOf(join(root, name, "keepalived.conf"))))
}

function assertInvariants(after: string): void {
  noteSoak()
  const live = textOf(liveFile)
  if (live !== "" && !world.tested.has(sha256Of(live))) violations.push(`after ${after} the live file is untested`)
  for (const good of knownGood())
    if (!world.soaked.has(good)) violations.push(`after ${after} the last known good ${good} has never soaked`)
}

let converged = 0
// An agent that never was given anything has nothing to end on.
await publish()
for (let point = 1; point <= Number(points) && violations.length === 0; point++) {
  // Half of them die between the candidate and the end of the soak, the others anywhere.
  const near = random() < 0.5
  if (near || random() < 0.5) await publish()
  // Now and then keepalived dies as well, in the pause between two agents.
  if (random() < 0.03) {
    noteSoak()
    world.alive = false
  }
  const life = await live(
    Math.floor(random() * (near ? CALLS_OF_AN_APPLY : MOST_CALLS)),
    near ? "its first candidate" : "its start",
    () => false,
  )
  assertInvariants(life.last)
  // Whoever dies near the swap is followed by an agent that is left alone, and so are some of the others.
  if (!/keepalived|journal/.test(life.last) && point % 20 !== 0 && point !== Number(points)) continue
  await live(Number.POSITIVE_INFINITY, "its start", isConverged)
  assertInvariants("an undisturbed agent")
  if (isConverged()) converged++
  else violations.push(`after point ${point} (${life.last}) it did not end on ${wanted}: ${describe()}`)
}
const { reloads, rollbacks } = world
process.stdout.write(`${JSON.stringify({ violations, converged, reloads, rollbacks, places: died.size, seed })}\n`)
told = true
if (process.env["FAULTS_SHOW"] !== undefined) console.error([...died].toSorted(([, a], [, b]) => b - a))
process.exit(0)

function describe(): string {
  return `keepalived has ${addressesIn(world.read.text).join()} ${world.read.sha256.slice(0, 12)}, alive ${world.alive}, the journal is ${textOf(at("applied/journal.json")).trim()}, good are ${knownGood().join()}`
}

function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

function jsonOf(path: string): unknown {
  try {
    return JSON.parse(textOf(path))
  } catch {
    return null
  }
}
