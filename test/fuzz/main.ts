/**
 * Tries hostile strings in every field of every mirrored object (test/fuzz/case.ts says what must hold), and prints as it goes.
 * Usage: node test/fuzz/main.ts
 * Begins with the seed corpus, each text in each field; then come generated cases.
 *   SEED=number       begins them with this seed, so that a failure of before comes first; else a new one, which is printed
 *   DURATION=seconds  goes on for so long; else until a million values were tried, for an hour at most
 * Ends with status 1 at the first case that fails, shrunk to the least that still does.
 */
import { createBatch } from "./batch.ts"
import { corpusCases } from "./corpus-cases.ts"

const MILLION = 1_000_000
const LONGEST_S = 3600
const CASES = 1_000
const EVERY_MS = 15_000

const firstSeed = numberFrom("SEED") ?? Math.floor(Math.random() * 2 ** 31)
const duration = numberFrom("DURATION")
const startedAt = performance.now()
const elapsed = () => (performance.now() - startedAt) / 1000
const batch = createBatch()
let printedAt = startedAt

console.log(`Seed ${firstSeed}; ${duration === null ? `until ${MILLION} values are tried` : `for ${duration} s`}`)
end(batch.runAll(corpusCases()), "in the seed corpus (test/fuzz/corpus); again: make fuzz")
console.log(`The seed corpus holds.  ${figuresText()}`)
for (let seed = firstSeed; !isOver(); seed = (seed + 1) % 2 ** 31) {
  end(batch.run({ seed, cases: CASES }), `at seed ${seed}; again: SEED=${seed} make fuzz`)
  if (performance.now() - printedAt < EVERY_MS) continue
  printedAt = performance.now()
  console.log(figuresText())
}
const enough = duration !== null || batch.counts.values >= MILLION
console.log(`${enough ? "ok" : `FAIL: less than ${MILLION} values in ${LONGEST_S} s`}  ${figuresText()}`)
process.exitCode = enough ? 0 : 1

function end(failed: string | null, where: string): void {
  if (failed === null) return
  console.log(`FAIL ${where}\n${failed}\n${figuresText()}`)
  process.exit(1)
}

function isOver(): boolean {
  return duration === null ? batch.counts.values >= MILLION || elapsed() >= LONGEST_S : elapsed() >= duration
}

function figuresText(): string {
  const { values, cases, same, fewer, refused } = batch.counts
  return `${Math.round(elapsed())} s: ${values} values in ${cases} cases: structure the same ${same}, less what was refused ${fewer}, no file at all ${refused}`
}

function numberFrom(name: string): number | null {
  const text = process.env[name]
  if (text === undefined || text === "") return null
  if (!/^\d{1,9}$/.test(text)) throw new TypeError(`Cannot use ${name}="${text}": wanted a whole number`)
  return Number(text)
}
