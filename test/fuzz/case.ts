import * as fc from "fast-check"
import { anyHostile, applied, type Hostile } from "./hostile.ts"
import { alienIn, compareStructure, type Structure, structureOf } from "./judge.ts"
import { createWalk, textOf, VARIANTS, type Walk, type Writer } from "./walk.ts"
import { type Json, replaced, type Spot, spotsOf, WORLD, type WorldFile } from "./world.ts"

/** One replaced field of a file. */
export interface Attempt {
  readonly file: number
  /** 8 times the number of the field; what is no multiple of 8 means, in the ConfigMap, a field of an entry. */
  readonly at: number
  readonly hostile: Hostile
}

export interface Case {
  /** `pasted`: the text is put into the file's YAML as it is, in place of a value, quotes and line ends and all. */
  readonly writer: Writer | "pasted"
  readonly variant: number
  /** Whether the harmless entries ran before, so that a broken one is held. */
  readonly running: boolean
  readonly attempts: readonly Attempt[]
}

const NODES = WORLD.length - 1

/** The fields of each file. */
export const SPOTS: readonly (readonly Spot[])[] = WORLD.map(spotsOf)
/** The entries: what breaks the rest of the ConfigMap ends the walk, and with it the other attempts of the case. */
const entrySpots = (SPOTS[0] ?? []).filter(({ path }) => path[1] === "data")

function spotOf({ file, at }: Attempt): Spot {
  const ofFile = file === 0 && at % 8 !== 0 ? entrySpots : (SPOTS[file] ?? [])
  return ofFile[Math.floor(at / 8) % ofFile.length] as Spot
}

const at = fc.nat({ max: 4093 })

/** For each file up to two values; for the Nodes mostly none, since broken ones end the walk early. */
const attempts = fc
  .tuple(
    ...[...WORLD.keys(), ...WORLD.keys()].map((file) =>
      fc.record({ file: fc.constant(file), at, hostile: anyHostile, tried: fc.nat({ max: 3 }) }),
    ),
  )
  .map((all) => all.filter(({ file, tried }) => (file === NODES ? tried === 3 : tried > 0)))

export const anyCase: fc.Arbitrary<Case> = fc.record({
  writer: fc.oneof(
    { weight: 12, arbitrary: fc.constant("sync" as const) },
    { weight: 2, arbitrary: fc.constant("json" as const) },
    { weight: 1, arbitrary: fc.constant("yaml" as const) },
    { weight: 2, arbitrary: fc.constant("pasted" as const) },
  ),
  variant: fc.nat({ max: VARIANTS.length - 1 }),
  running: fc.boolean(),
  attempts,
})

/** What came of a case. */
export interface Tried {
  /** Null when the property holds. */
  readonly why: string | null
  readonly outcome: "same" | "fewer" | "refused"
  /** The keepalived.conf, where there is one. */
  readonly text: string | null
}

export type Try = (one: Case) => Tried

/**
 * The property: whatever the strings, the file has the structure that it has with harmless ones, or lacks what was refused,
 * with a problem that says so, or there is no file. And nobody's prototype has changed.
 */
export function createTry(): Try {
  const benches = VARIANTS.map((settings) => {
    const fresh = createWalk(settings, new Map())
    const harmless = fresh(filesOf({ writer: "sync", attempts: [] }), OWN)
    if (harmless.text === null || harmless.problems > 0)
      throw new Error("Cannot begin: the harmless objects are not harmless")
    return { fresh, running: createWalk(settings, harmless.good), base: structureOf(harmless.text) }
  })
  return (one) => {
    const bench = benches[one.variant]
    if (bench === undefined) throw new RangeError(`Cannot find variant ${one.variant}`)
    try {
      return judged(one, one.running ? bench.running : bench.fresh, bench.base)
    } catch (error) {
      // A wall behind the first one stopped it: nothing wrong is applied then, but nothing right either.
      return { why: `nothing can be rendered any more: ${String(error)}`, outcome: "refused", text: null }
    }
  }
}

const OWN = { node: "n1" }

function judged(one: Case, walk: Walk, base: Structure): Tried {
  const { text, problems } = walk(filesOf(one), OWN)
  const polluted = Object.keys(Object.prototype).length > 0 ? "Object.prototype has a new key" : null
  if (text === null) {
    const why = polluted ?? (problems === 0 ? "nothing is rendered, and no problem says why" : null)
    return { why, outcome: "refused", text }
  }
  if (one.writer === "pasted") return { why: polluted ?? alienIn(text, base), outcome: "fewer", text }
  const verdict = compareStructure(text, base)
  if (verdict.kind === "alien") return { why: verdict.why, outcome: "fewer", text }
  const silent = problems === 0 && !one.attempts.some(mayGoQuietly)
  const why = polluted ?? (verdict.kind === "fewer" && silent ? "something is missing, and no problem says why" : null)
  return { why, outcome: verdict.kind, text }
}

/**
 * A Node whose address cannot be used is no peer, and nobody is told, as there are Nodes without an address; an entry
 * that is blank asks for a VIP and no Service.
 */
function mayGoQuietly(attempt: Attempt): boolean {
  if (attempt.file === NODES) return true
  const next = applied(attempt.hostile, "a")
  return attempt.file === 0 && typeof next === "string" && next.trim() === ""
}

/** The names and texts of the files of a case. */
export function filesOf({ writer, attempts }: Pick<Case, "writer" | "attempts">): [name: string, text: string][] {
  return WORLD.map((file, index) => {
    const here = attempts.filter((attempt) => attempt.file === index)
    return [file.name, writer === "pasted" ? pasted(file, here) : textOf(changed(file, here), writer)]
  })
}

function changed(file: WorldFile, attempts: readonly Attempt[]): WorldFile {
  let { objects } = file
  for (const attempt of attempts) {
    const spot = spotOf(attempt)
    const harmless = spot.what === "key" ? spot.path.at(-1) : valueAt(objects, spot)
    if (harmless === undefined) continue // A key on the way to it was replaced before.
    objects = replaced(objects, spot, applied(attempt.hostile, harmless)) as readonly Json[]
  }
  return { name: file.name, objects }
}

function valueAt(objects: readonly Json[], { path }: Spot): unknown {
  let value: unknown = objects
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined
    value = Reflect.get(value, part)
  }
  return value
}

const MARK = "kkv-pasted-here"

function pasted(file: WorldFile, attempts: readonly Attempt[]): string {
  const [attempt] = attempts
  if (attempt === undefined) return textOf(file, "yaml")
  const spot = spotOf(attempt)
  const text = applied(attempt.hostile, spot.what === "key" ? spot.path.at(-1) : valueAt(file.objects, spot))
  const marked = replaced(file.objects, spot, MARK) as readonly Json[]
  return textOf({ name: file.name, objects: marked }, "yaml").replace(MARK, () => String(text))
}
