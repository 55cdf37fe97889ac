/**
 * Lives of agents that share this process and a directory on a real disk. What a life does is known by its asynchronous context: its
 * calls are counted, and at one of them it dies, that is to say that this call and all later ones of it fail, so the disk stays as a
 * kill -9 would leave it.
 */
import { AsyncLocalStorage } from "node:async_hooks"
import { failure, inject } from "../inject.ts"

export interface Life {
  /** Calls that it has left, once `begun`. */
  left: number
  /** From which call on they are counted. */
  readonly from: "its start" | "its first candidate"
  begun: boolean
  dead: boolean
  /** Of what it was about to do when it died. */
  last: string
  /** Resolves when it dies of a call. */
  readonly death: Promise<void>
  readonly die: () => void
}

const DEATH = "the agent is dead"
const lives = new AsyncLocalStorage<Life>()
let count = 0
const places = new Map<string, number>()

/** Counts from now on what is done with the files below a directory, once a process. */
export function countCallsBelow(directory: string): void {
  inject({
    actionAt: () => null,
    each: (name, about) => {
      // The look whether somebody pinned a generation, every second, changes nothing and would use up the chances.
      if (!about.startsWith(directory) || about.endsWith("/pin.json")) return
      const paths = about.split(" ").filter((word) => word.startsWith(directory))
      call(`${name} ${paths.map((path) => path.slice(directory.length).replaceAll(/[0-9a-f]{6,}/g, "*")).join(" -> ")}`)
    },
  })
}

export function newLife(left: number, from: Life["from"]): Life {
  let die = () => {}
  const death = new Promise<void>((resolve) => (die = resolve))
  return { left, from, begun: false, dead: false, last: "rest", death, die }
}

/** Every call of an agent passes here; those of a dead one fail. */
export function call(what: string): void {
  const life = lives.getStore()
  if (life === undefined) return
  life.begun ||= life.from === "its start" || what.includes("/candidates/.")
  if (!life.dead && life.begun && life.left-- <= 0) {
    life.dead = true
    life.last = what
    places.set(what, (places.get(what) ?? 0) + 1)
    life.die()
  }
  if (life.dead) throw failure("EIO", what, DEATH)
  count++
}

/** So many calls were made by whoever lived. */
export function calls(): number {
  return count
}

/** What lives were about to do when they died, and how often that was. */
export const died: ReadonlyMap<string, number> = places

/** Does something as this life. */
export function as<T>(life: Life, act: () => T): T {
  return lives.run(life, act)
}

/** For what outlives all of them. */
export function outside<T>(act: () => T): T {
  return lives.exit(act)
}

/** Whether an error is but that of one who is dead. */
export function isOfTheDead(error: unknown): boolean {
  return String(error).includes(DEATH)
}
