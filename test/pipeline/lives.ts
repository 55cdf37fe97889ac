/**
 * Lives of programs that share this process. What a life does is known by its asynchronous context: its calls are counted, it dies at
 * one of them as of a kill -9, and nothing that it left behind is ever called again. Its timers and its date are those of a fake clock.
 */
import { AsyncLocalStorage } from "node:async_hooks"
import type { Clock } from "../../src/kit/time/clock.ts"
import { createFakeClock, type FakeClock } from "../support/clock.ts"
import { seededRandom } from "../support/random.ts"
import { type DiskListener, format } from "./disk.ts"

export interface Life {
  readonly name: string
  /** Changes that it has left once it has come to what is named, so often. */
  left: number
  from: string
  /** Half of the call at which it dies is done, if that can be. */
  tears: boolean
  dead: boolean
  /** What it was about to do when it died. */
  last: string
  /** Resolves when it dies. */
  readonly death: Promise<void>
  readonly die: () => void
}

const lives = new AsyncLocalStorage<Life>()

class Dead extends Error {}

/** One world: its time, its chance, and what is to be looked at after each change of the disk. */
export interface Surroundings {
  readonly clock: FakeClock
  /** Milliseconds by which people have set the date. */
  dateOffsetMs: number
  /** Whether watchers hear what happens on the disk. */
  hints: boolean
}

let world: Surroundings = { clock: createFakeClock(), dateOffsetMs: 0, hints: true }

/** Begins with an empty disk and a clock at zero. @param changed is called after each change of the disk, whoever made it. */
export function beginWorld(seed: number, changed: DiskListener["changed"]): Surroundings {
  world = { clock: createFakeClock(), dateOffsetMs: 0, hints: true }
  random = seededRandom(seed)
  format({
    before: (name, words, half) => {
      const paths = words.filter((word) => typeof word === "string" && word.startsWith("/"))
      call(`${name} ${paths.join(" -> ")}`.replaceAll(/[0-9a-f]{6,}/g, "*").replaceAll(/\d{10,}/g, "#"), half)
    },
    reads: assertAlive,
    changed: (name, words) => lives.exit(() => changed(name, words)),
    watched: (wake, fail) => {
      const life = lives.getStore()
      // chokidar has one watcher for all who watch the same directory: the next life must not share that of a dead one.
      void life?.death.then(() => lives.run(life, fail))
      return (name) => {
        if (world.hints && life !== undefined) process.nextTick(() => life.dead || lives.run(life, wake, name))
      }
    },
    isLost: (error) => error instanceof Dead,
  })
  return world
}

export function newLife(name: string): Life {
  let die = () => {}
  const death = new Promise<void>((resolve) => (die = resolve))
  const life: Life = {
    ...{ name, left: Number.POSITIVE_INFINITY, from: "", tears: false, dead: false, last: "rest", death },
    die: () => {
      life.dead = true
      die()
    },
  }
  return life
}

/** Does something as this life. @returns null where it died meanwhile. */
export async function live<T>(life: Life, act: () => Promise<T>): Promise<T | null> {
  const done = lives.run(life, async () => act())
  const end = done.then(
    (value) => (life.dead ? null : { value }),
    (error: unknown) => {
      if (life.dead) return null
      throw error
    },
  )
  return (await Promise.race([end, life.death.then(() => null)]))?.value ?? null
}

/** Every call of a life that changes something passes here; those of a dead one fail. */
export function call(what: string, half: (() => void) | null = null): void {
  const life = lives.getStore()
  if (life === undefined) return
  if (what.includes(life.from)) life.from = ""
  if (!life.dead && life.from === "" && life.left-- <= 0) {
    life.last = what
    if (life.tears) half?.()
    places.set(what, (places.get(what) ?? 0) + 1)
    life.die()
  }
  assertAlive()
}

function assertAlive(): void {
  if (lives.getStore()?.dead === true) throw new Dead("the life is over")
}

/** What lives were about to do when they died, and how often that was. */
export const places = new Map<string, number>()

/** The clock as a life sees it: nobody wakes whoever died meanwhile. */
export function clockOf(life: Life): Clock {
  const { clock } = world
  return {
    now: clock.now,
    delay: (ms, signal) =>
      new Promise((resolve) => void clock.delay(ms, signal).then(() => (life.dead ? undefined : resolve()))),
  }
}

/** For what outlives all of them. */
export const outside = <T>(act: () => T): T => lives.exit(act)

const real = {
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  clearTimeout: globalThis.clearTimeout,
  clearInterval: globalThis.clearInterval,
  Date: globalThis.Date,
  random: Math.random,
}

class FakeTimer {
  readonly #ended = new AbortController()
  constructor(act: () => void, ms: number, { again, life }: { readonly again: boolean; readonly life: Life }) {
    const { clock } = world
    const wait = (): void =>
      void clock.delay(ms, this.#ended.signal).then(() => {
        if (this.#ended.signal.aborted || life.dead) return
        if (again) wait()
        act()
      })
    wait()
  }
  end(): void {
    this.#ended.abort()
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}

function timer(again: boolean, otherwise: (act: () => void, ms?: number) => unknown) {
  return (act: (...words: unknown[]) => void, ms = 0, ...words: unknown[]) => {
    const life = lives.getStore()
    if (life === undefined) return otherwise(() => act(...words), ms)
    return new FakeTimer(() => act(...words), Math.max(1, ms), { again, life })
  }
}

function clear(otherwise: (timer: NodeJS.Timeout) => void) {
  return (timer: unknown) => (timer instanceof FakeTimer ? timer.end() : otherwise(timer as NodeJS.Timeout))
}

/** 2026-01-01: the date when a world begins. */
const BEGINNING = real.Date.UTC(2026, 0, 1)
const dateNow = () =>
  lives.getStore() === undefined ? real.Date.now() : BEGINNING + world.clock.now() + world.dateOffsetMs
const FakeDate = new Proxy(real.Date, {
  construct: (target, words, as) => Reflect.construct(target, words.length === 0 ? [dateNow()] : words, as),
  get: (target, name, receiver) => (name === "now" ? dateNow : Reflect.get(target, name, receiver)),
})

let random = seededRandom(0)
Object.assign(globalThis, {
  setTimeout: timer(false, real.setTimeout),
  setInterval: timer(true, real.setInterval),
  clearTimeout: clear(real.clearTimeout),
  clearInterval: clear(real.clearInterval),
  Date: FakeDate,
})
Math.random = () => (lives.getStore() === undefined ? real.random() : random())
