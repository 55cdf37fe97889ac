/** sync and sidecar on one node, each in lives of its own, and what must hold whatever happens to them. */
import { basename, dirname, join } from "node:path"
import { sha256Of } from "../../src/kit/sha256.ts"
import { assemble } from "../../src/sidecar/wiring/run.ts"
import type { SourceReading } from "../../src/sync/ports.ts"
import type { PassOutcome } from "../../src/sync/reconcile.ts"
import { addressesIn } from "../support/fake-kernel.ts"
import { MEMORY, notify, plainDisk } from "./disk.ts"
import { beginWorld, clockOf, type Life, live, newLife, type Surroundings } from "./lives.ts"
import { createFakeNode, type FakeNode, textOf } from "./node.ts"
import {
  addressesOf,
  ANCHORS,
  APPLIED,
  checkPointer,
  DESIRED,
  GOOD,
  goodOnes,
  inEffect,
  isRefused,
  LIVE,
  logInto,
  openSync,
  settingsOf,
  SOAK_MS,
  sourceOf,
  STATE,
} from "./parts.ts"

export interface Pipeline {
  readonly world: Surroundings
  readonly node: FakeNode
  /** What the source has from now on: VIPs 10.4.0.<last>. A sync that lives makes a pass. */
  change(lasts: readonly number[]): Promise<void>
  /** The life that runs now; null for none. */
  readonly lives: { sync: Life | null; agent: Life | null }
  startSync(): Promise<void>
  /** Ends an agent in order where one lives, and starts another. */
  startAgent(): Promise<void>
  hint(): void
  pass(ms: number): Promise<void>
  /** Lets everything come to rest, undisturbed. @throws where it does not end where it should. */
  finish(): Promise<void>
  /** What must never have been, and was. */
  readonly violations: string[]
}

export async function createPipeline(seed: number): Promise<Pipeline> {
  const violations: string[] = []
  const wrong = (what: string) => void violations.push(what)
  const world = beginWorld(seed, (name, words) => lookAfter(name, words))
  const node = createFakeNode(LIVE, world, wrong)
  for (const path of [DESIRED, APPLIED, STATE, join(MEMORY, "run")]) plainDisk().mkdirSync(path)
  let source: SourceReading = { kind: "settling", retryAfterMs: 1 }
  let wanted: readonly number[] = []
  let changes = 0
  const ages = new Map<string, number>()
  const lives: Pipeline["lives"] = { sync: null, agent: null }
  let pass: (() => Promise<PassOutcome>) | null = null
  let program: { stop(): Promise<void> } | null = null
  const events: string[] = []
  const log = logInto(events, world)

  /** After each change of a name or of bytes, whoever made it. */
  function lookAfter(name: string, words: readonly unknown[]): void {
    const path = String(words.at(name === "rename" || name === "link" ? 1 : 0))
    if (path.startsWith(DESIRED)) checkPointer(wrong)
    if (name !== "rename") return
    if (path === LIVE && !node.accepted.has(sha256Of(textOf(LIVE) ?? "")))
      wrong("the live file is one that no config test has accepted")
    if (dirname(path) === GOOD) checkSoak(path)
  }

  function checkSoak(path: string): void {
    const sha256 = sha256Of(textOf(join(path, "keepalived.conf")) ?? "")
    const now = node.running()
    if (now?.sha256 !== sha256) wrong(`${basename(path)} became the last known good one and does not run`)
    else if (node.ranForMs() < SOAK_MS)
      wrong(`${basename(path)} became the last known good one after ${node.ranForMs()} ms\n${events.join("\n")}`)
  }

  /** Runs something of a life, and the clock with it. */
  async function drive<T>(life: Life, act: () => Promise<T>): Promise<T | null> {
    let over = false
    const done = live(life, act).finally(() => (over = true))
    // An end that a rejection has, too, is met where it is awaited.
    done.catch(() => undefined)
    for (let step = 0; !over; step++) {
      if (step === MOST_STEPS) throw new Error(`${life.name} does not come to an end`)
      await world.clock.advance(STEP_MS)
    }
    return done
  }

  async function reconcile(): Promise<void> {
    const [life, make] = [lives.sync, pass]
    if (life === null || make === null) return
    const outcome = await drive(life, make)
    if (outcome === null) lives.sync = null
    else if (outcome.kind === "held") wrong("sync held what it should have published")
  }

  async function endAgent(): Promise<void> {
    const [life, its] = [lives.agent, program]
    lives.agent = null
    if (life === null || its === null || life.dead) return
    life.left = Number.POSITIVE_INFINITY
    await drive(life, () => its.stop())
    life.die()
  }

  const pipeline: Pipeline = {
    ...{ world, node, lives, violations },
    change: async (lasts) => {
      wanted = lasts
      source = sourceOf(lasts)
      ages.set(addressesOf(lasts).join(), ++changes)
      await reconcile()
    },
    startSync: async () => {
      const life = newLife("sync")
      lives.sync?.die()
      lives.sync = life
      pass = await drive(life, () => Promise.resolve(openSync(() => source, clockOf(life))))
      await reconcile()
    },
    startAgent: async () => {
      await endAgent()
      const life = newLife("the agent")
      lives.agent = life
      program = await drive(life, () =>
        assemble(settingsOf(), node.machine, { clock: clockOf(life), date: () => new Date(), log }),
      )
    },
    hint: () => notify(DESIRED, "current.json"),
    pass: (ms) => world.clock.advance(ms),
    finish,
  }
  return pipeline

  async function finish(): Promise<void> {
    if (wanted.length === 0) await pipeline.change([50])
    if (lives.sync === null || lives.sync.dead) await pipeline.startSync()
    if (lives.agent === null || lives.agent.dead) await pipeline.startAgent()
    Object.assign(lives.agent ?? {}, { left: Number.POSITIVE_INFINITY })
    Object.assign(node, { failures: 0, lame: 0 })
    if (isRefused(wanted)) await holdsOn()
    if (isRefused(wanted)) await pipeline.change([50, 51, 52])
    // What was seen before the newest may still be on its way.
    for (let second = 0; second < CALM_SECONDS || !isOnNewest(); second++) {
      if (violations.length > 0) return
      if (second === PATIENCE_SECONDS) return wrong(`it does not end on ${addressesOf(wanted).join()}: ${seen()}`)
      await world.clock.advance(1_000)
    }
    await staysForAMinute()
    const candidates = plainDisk().readdirSync(join(APPLIED, "candidates")) as readonly string[]
    if (candidates.length > 2) wrong(`the volume in memory fills: ${candidates.length} candidates are kept`)
  }

  /** While the newest is refused, what ran goes on; what was on its way may still arrive. */
  async function holdsOn(): Promise<void> {
    const [before, good] = [inEffect() === null ? 0 : ageOfLive(), goodOnes()]
    await world.clock.advance(60_000)
    const now = node.running()
    if (now === null && good.length > 0) wrong(`nothing runs although something was good: ${seen()}`)
    if (ageOfLive() < before && !good.includes(now?.sha256 ?? ""))
      wrong(`it went back although nothing was wrong with what ran: ${seen()}`)
    await staysForAMinute()
  }

  async function staysForAMinute(): Promise<void> {
    const reads = node.reads()
    await world.clock.advance(60_000)
    if (node.reads() !== reads) wrong(`keepalived was told something that it knew: ${seen()}`)
  }

  /** The newest runs, and has soaked. */
  function isOnNewest(): boolean {
    const now = node.running()
    const shown = now?.vips.filter((vip) => !vip.startsWith(ANCHORS)).join()
    return shown === addressesOf(wanted).join() && inEffect() === now?.sha256 && goodOnes().at(-1) === now?.sha256
  }

  /** The newer what the live file says was wanted, the larger; 0 for no file. */
  function ageOfLive(): number {
    const vips = addressesIn(textOf(LIVE) ?? "").filter((vip) => !vip.startsWith(ANCHORS))
    return ages.get(vips.join()) ?? 0
  }

  function seen(): string {
    const now = node.running()
    const read = now === null ? "does not run" : `has ${now.vips.join()} (${now.sha256.slice(0, 6)})`
    const journal = textOf(join(APPLIED, "journal.json"))?.trim()
    return `keepalived ${read}; ${journal}; good: ${goodOnes()
      .map((one) => one.slice(0, 6))
      .join()}\n${events.slice(-12).join("\n")}`
  }
}

const CALM_SECONDS = 10
const STEP_MS = 10
const MOST_STEPS = 12_000
/** The longest pause before something is tried again is 5 minutes, and a fifth. */
const PATIENCE_SECONDS = 450
