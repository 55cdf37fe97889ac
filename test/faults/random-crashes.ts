/**
 * Kills an agent at random points, again and again, and says whether what must hold did hold.
 * Usage: node test/faults/random-crashes.ts DIRECTORY POINTS SEED. Prints one line of JSON.
 *
 * The agent is made of the sidecar's own parts on a real disk; keepalived and kernel are FAKES, which outlive it. All agents share this
 * process, and die at a call, as support/lives.ts says. Time runs fifty times faster than it is.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { createLog } from "../../src/kit/process/log.ts"
import { sha256Of } from "../../src/kit/sha256.ts"
import { assemble } from "../../src/sidecar/wiring/run.ts"
import { parseSettings } from "../../src/sidecar/wiring/settings.ts"
import { addressesIn } from "../support/fake-kernel.ts"
import { vipsText } from "../support/manifests.ts"
import { seededRandom } from "../support/random.ts"
import { publicationOf, publisherOf } from "../support/volume.ts"
import { createFakeMachine } from "./support/fake-machine.ts"
import { fastClock as clock, hurry, realDelay } from "./support/fast-time.ts"
import { as, calls, countCallsBelow, died, isOfTheDead, type Life, newLife } from "./support/lives.ts"

/** A pass, with soak and archive, makes about a hundred calls. */
const MOST_CALLS = 110
/** From the first byte of the candidate to the journal's last word. */
const CALLS_OF_AN_APPLY = 45
/** An agent that does nothing any more for so long is killed at rest. */
const REST_MS = 250
/** An agent that is left alone has so long to come to its end. */
const LIMIT_MS = 20_000
const SOAK_MS = 1_000

const [directory = "", points = "", seed = ""] = process.argv.slice(2)
const random = seededRandom(Number(seed))
const at = (name: string) => join(directory, name)
const liveFile = at("applied/keepalived.conf")
const violations: string[] = []
countCallsBelow(directory)
hurry()
/** What outlives every agent. */
const world = createFakeMachine({
  ...{ liveFile, soakMs: SOAK_MS, clock, random },
  wrong: (what) => void violations.push(what),
})

// A process that was killed complains no more; anything else is a finding. An error of this script itself must not end it in silence.
let told = false
process.on("exit", (status) => {
  if (status === 0 && !told) process.exitCode = 70
})
for (const event of ["uncaughtException", "unhandledRejection"] as const)
  process.on(event, (error: unknown) => {
    if (!isOfTheDead(error)) violations.push(`${event}: ${String(error)}`)
  })

const settings = settingsOf()
function settingsOf() {
  const folders = ["desired", "applied", "state"].flatMap((name) => [`--${name}`, at(name)])
  const words = ["--node", "n1", "--iface", "eth0", "--http-port", "0", "--snat", "none"]
  const parsed = parseSettings([
    ...folders,
    "--run-dir",
    at("run"),
    ...words,
    "--soak",
    String(SOAK_MS / 1000),
    "--drain-time",
    "0",
  ])
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
  const life = newLife(left, from)
  const log = createLog({}, { level: "silent" })
  const born = as(life, () => assemble(settings, world.machine, { clock, date: () => new Date(), log }))
  const program = await born.catch((error: unknown) => {
    if (!life.dead) violations.push(`the agent did not start: ${String(error)}`)
    return null
  })
  if (program === null) return life
  const end = performance.now() + LIMIT_MS
  for (let seen = -1, since = performance.now(); !life.dead && !enough();) {
    if (calls() !== seen) [seen, since] = [calls(), performance.now()]
    if (left !== Number.POSITIVE_INFINITY && performance.now() - since > REST_MS) break
    if (performance.now() > end) break
    await Promise.race([life.death, realDelay(5)])
  }
  life.dead = true
  await as(life, () => program.stop().catch(() => undefined))
  return life
}

function isConverged(): boolean {
  const read = world.read()
  const shown = addressesIn(read.text).filter((one) => !one.startsWith("169.254."))
  const journal = jsonOf(at("applied/journal.json")) as { phase?: string; to?: string } | null
  return (
    world.alive() &&
    shown.join() === wanted &&
    journal?.phase === "in-effect" &&
    journal.to === read.sha256 &&
    sha256Of(textOf(liveFile)) === read.sha256 &&
    knownGood().at(-1) === read.sha256
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
  world.noteSoak()
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
    world.noteSoak()
    world.kill()
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
const { reloads, rollbacks } = world.counts()
process.stdout.write(`${JSON.stringify({ violations, converged, reloads, rollbacks, places: died.size, seed })}\n`)
told = true
if (process.env["FAULTS_SHOW"] !== undefined) console.error([...died].toSorted(([, a], [, b]) => b - a))
process.exit(0)

function describe(): string {
  const { text, sha256 } = world.read()
  return `keepalived has ${addressesIn(text).join()} ${sha256.slice(0, 12)}, alive ${world.alive()}, the journal is ${textOf(at("applied/journal.json")).trim()}, good are ${knownGood().join()}`
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
