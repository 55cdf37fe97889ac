import { type Statement, statementsOf } from "./statements.ts"

/** What a keepalived.conf that was made from harmless objects looks like, values aside. */
export interface Structure {
  readonly statements: readonly Statement[]
  /** Each statement that stands there, with the blocks around it. */
  readonly shapes: ReadonlySet<string>
}

/**
 * @throws Where the text is not even harmless itself.
 */
export function structureOf(text: string): Structure {
  const { statements, strange } = statementsOf(text)
  if (strange.length > 0) throw new Error(`Cannot take this for harmless: ${strange.join("; ")}`)
  const shapes = new Set<string>()
  collect(statements, "", (shape) => shapes.add(shape))
  return { statements, shapes }
}

/** `same`: statement for statement. `fewer`: what was refused is missing, nothing is new. `alien`: anything else. */
export type Verdict =
  { readonly kind: "same" } | { readonly kind: "fewer" } | { readonly kind: "alien"; readonly why: string }

/** Compares a keepalived.conf with that of the same objects with harmless strings. */
export function compareStructure(text: string, base: Structure): Verdict {
  const { statements, strange } = statementsOf(text)
  if (strange.length > 0) return { kind: "alien", why: strange.join("; ") }
  const found = embed(statements, base.statements, "")
  return typeof found === "string" ? { kind: "alien", why: found } : { kind: found ? "same" : "fewer" }
}

/**
 * For a text that says something else than the harmless one did, such as another entry: says what in it has no equal
 * there, however often; null where nothing.
 */
export function alienIn(text: string, base: Structure): string | null {
  const { statements, strange } = statementsOf(text)
  if (strange.length > 0) return strange.join("; ")
  let alien: string | null = null
  collect(statements, "", (shape) => {
    if (!base.shapes.has(shape)) alien ??= `"${shape}" stands nowhere in the harmless one`
  })
  return alien
}

function collect(statements: readonly Statement[], around: string, take: (shape: string) => void): void {
  for (const statement of statements) {
    const shape = `${around}${shapeOf(statement)}`
    take(shape)
    if (statement.block !== null) collect(statement.block, `${shape} { `, take)
  }
}

/**
 * Finds each statement in the base, in order: the first that is left with the same shape and all that the block has.
 *
 * @returns true where nothing of the base is missing, false where something is, a text where one has no equal.
 */
function embed(found: readonly Statement[], base: readonly Statement[], around: string): boolean | string {
  let at = 0
  let whole = found.length === base.length
  for (const statement of found) {
    const shape = shapeOf(statement)
    let inside: boolean | string | null = null
    for (; at < base.length && (inside === null || typeof inside === "string"); at++) {
      const twin = base[at]
      if (twin !== undefined && shapeOf(twin) === shape)
        inside = embed(statement.block ?? [], twin.block ?? [], `${around}${shape} { `)
    }
    if (typeof inside === "string") return inside
    if (inside === null) return `"${around}${shape}" is more than the harmless one has`
    whole &&= inside
  }
  return whole
}

/** What a word may be for another of its class: by the manual's own words for what may stand there. */
const CLASSES: readonly (readonly [RegExp, string])[] = [
  [/^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/, "ADDRESS"],
  [/^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\/32$/, "ADDRESS/32"],
  [/^(?:0|[1-9]\d{0,4})$/, "NUMBER"],
  [/^(?:TCP|UDP)$/, "PROTOCOL"],
  [/^(?:NAT|DR)$/, "METHOD"],
]

const shapes = new WeakMap<Statement, string>()

function shapeOf(statement: Statement): string {
  const known = shapes.get(statement)
  if (known !== undefined) return known
  const shape = [...statement.words.map(classOf), ...(statement.block === null ? [] : ["{}"])].join(" ")
  shapes.set(statement, shape)
  return shape
}

function classOf(word: string): string {
  return CLASSES.find(([pattern]) => pattern.test(word))?.[1] ?? word
}
