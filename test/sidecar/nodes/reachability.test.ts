import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import {
  afterCutOff,
  ANSWERS,
  type Answer,
  type Answers,
  GOOD_ANSWERS,
  observeAnswer,
  type Judgement,
  classify,
  MISSES,
  PODS_ALONE,
  type NodeHealth,
  UNHEARD,
} from "../../../src/sidecar/nodes/reachability.ts"

const SIGNS: Readonly<Record<string, Answer>> = { a: "accepted", r: "refused", ".": "silent", "?": "unknown" }

/** A second as two signs, of the node and of its pod: `a` accepted, `r` refused, `.` silent, `?` unknown, `-` not asked. */
function answers(signs: string): Answers {
  const [own = "", pod = "-"] = signs
  return { own: SIGNS[own] ?? "unknown", pod: SIGNS[pod] ?? null }
}

/** Four other nodes, n1 to n4; all but n1 answer whatever is asked. */
function fiveNodes() {
  const others = ["n2", "n3", "n4"]
  let standings = new Map<string, NodeHealth>([
    ["n1", UNHEARD],
    ...others.map((name) => [name, observeAnswer(UNHEARD, answers("a"), false)] as const),
  ])
  let judgement: Judgement = { unreachable: new Set(), isCutOff: false }
  return (name: string, signs: string): string => {
    standings.set(name, observeAnswer(standings.get(name) ?? UNHEARD, answers(signs), judgement.unreachable.has(name)))
    judgement = classify(standings, judgement.unreachable)
    if (judgement.isCutOff) standings = new Map([...standings].map(([key, one]) => [key, afterCutOff(one)]))
    return `${[...judgement.unreachable].join()}${judgement.isCutOff ? "!" : ""}`
  }
}

const lives: [name: string, seconds: string, last: string][] = [
  ["a node that answers", "a a a", ""],
  ["one that refuses", "r r r r", ""],
  ["one that never answered", ". . . . . .", ""],
  ["two misses", "a . .", ""],
  ["three misses", "a . . .", "n1"],
  ["three misses of one that refuses", "r . . .", "n1"],
  ["misses that are not in a row", "a . . r . .", ""],
  ["three misses, with questions between that could not be put", "a . ? . ? .", "n1"],
  ["questions that could not be put", "a ? ? ? ? ?", ""],
  ["a firewall that came up: the pods answer", "a . .a .a .a .a", ""],
  ["a firewall that came up: a pod refuses", "a . .r .r .r", ""],
  ["a node and a pod that are silent", "a . .. ..", "n1"],
  ["a pod that could not be asked", "a . .? .? .?", ""],
  ["two answers after it went", "a . . . a a", "n1"],
  ["three answers after it went", "a . . . a a a", ""],
  ["a miss among the answers after it went", "a . . . a a . a a", "n1"],
  ["one that starts: it refuses where it took connections before", "a . . . r r r r", "n1"],
  ["one that starts, and then takes connections again", "a . . . r r r a a a", ""],
  ["one that always refused", "r . . . r r r", ""],
  ["one that starts: its pods do not answer yet", "a . . . a. a. a. a. a.", "n1"],
  ["one that starts: its pods refuse still", "a . . . ar ar ar ar", "n1"],
  ["one whose pods take connections again", "a . . . r. ra ra ra", ""],
  ["every other pod of it", "a . . . aa a. aa a. aa", ""],
  [`one that answers for ${ANSWERS} s, but otherwise than before`, `a . . . ${"r ".repeat(ANSWERS).trim()}`, ""],
  [`one that answers for ${ANSWERS - 1} s, but otherwise`, `a . . . ${"r ".repeat(ANSWERS - 1).trim()}`, "n1"],
  ["only its pods answer, and then they do not either", `a . ${".a ".repeat(PODS_ALONE - 1)}.. .. ..`, "n1"],
  [
    "only its pods answer for so long that it is as if it had never answered",
    `a . ${".a ".repeat(PODS_ALONE)}. . .`,
    "",
  ],
]
for (const [name, seconds, last] of lives)
  test(`judge() of ${name}`, () => {
    const second = fiveNodes()
    assert.is(
      seconds.split(" ").reduce((_, signs) => second("n1", signs), ""),
      last,
    )
  })

/** Seconds in which the named nodes are silent and the others answer; the last verdict. */
function storm(seconds: readonly string[]): readonly string[] {
  const second = fiveNodes()
  second("n1", "a")
  return seconds.map((silent) =>
    ["n1", "n2", "n3", "n4"].reduce((_, name) => second(name, silent.includes(name) ? "." : "a"), ""),
  )
}

const storms: [name: string, seconds: readonly string[], last: string][] = [
  ["two of five nodes", ["n1 n2", "n1 n2", "n1 n2"], "n1,n2"],
  ["three of five: it is we who are cut off", Array<string>(9).fill("n1 n2 n3"), "!"],
  ["all: it is we who are cut off", Array<string>(9).fill("n1 n2 n3 n4"), "!"],
  ["one, and then all: it stays as it was", ["n1", "n1", "n1", ...Array<string>(9).fill("n1 n2 n3 n4")], "n1!"],
  [
    "all, and one after the other is back",
    ["n1 n2 n3 n4", "n1 n2 n3 n4", "n1 n2 n3 n4", "n1 n2 n3", "n1 n2", "n1"],
    "",
  ],
  ["all, and one is late by two seconds", [...Array<string>(5).fill("n1 n2 n3 n4"), "n1", "n1", "n1"], ""],
  ["all, and one stays away", [...Array<string>(5).fill("n1 n2 n3 n4"), "n1", "n1", "n1", "n1"], "n1"],
]
for (const [name, seconds, last] of storms)
  test(`judge() when there is silence from ${name} (five nodes, ours among them)`, () => {
    assert.is(storm(seconds).at(-1), last)
  })

test("judge() with two nodes reports only that the other is silent: either may be cut off", () => {
  const gone = new Map([["n2", { ...UNHEARD, hasAnswered: true, isSilent: true, misses: MISSES }]])
  assert.equal(classify(gone, new Set()), { unreachable: new Set(), isCutOff: true })
})

test("judge() of three nodes lets one go", () => {
  const gone = { ...UNHEARD, hasAnswered: true, isSilent: true, misses: MISSES }
  const standings = new Map([
    ["n2", gone],
    ["n3", observeAnswer(UNHEARD, answers("r"), false)],
  ])
  assert.equal(classify(standings, new Set()), { unreachable: new Set(["n2"]), isCutOff: false })
})

test("judge() withdraws its judgement when nodes leave the cluster and it would concern half of the rest", () => {
  const gone = { ...UNHEARD, hasAnswered: true, isSilent: true, misses: MISSES }
  assert.equal(classify(new Map([["n2", gone]]), new Set(["n2"])).unreachable, new Set())
})

test("hear() gives the same standing where a well node says the same again", () => {
  const well = observeAnswer(UNHEARD, answers("a"), false)
  assert.is(observeAnswer(well, answers("a"), false), well)
  assert.is.not(observeAnswer(well, answers("r"), false), well)
})

const anyAnswers: fc.Arbitrary<Answers> = fc.record({
  own: fc.constantFrom<Answer>("accepted", "refused", "silent", "silent", "silent", "unknown"),
  pod: fc.constantFrom<Answer | null>(null, null, "accepted", "refused", "silent", "silent", "unknown"),
})

/** What any nodes may answer for any time; after each answer everything is judged anew, as the watch does. */
function everyJudgement(
  count: number,
  heard: readonly (readonly [node: number, answers: Answers])[],
  look: (judgement: Judgement, before: Judgement, standings: ReadonlyMap<string, NodeHealth>) => void,
): void {
  let standings = new Map<string, NodeHealth>(Array.from({ length: count }, (_, at) => [`n${at}`, UNHEARD]))
  let judgement: Judgement = { unreachable: new Set(), isCutOff: false }
  for (const [at, one] of heard) {
    const name = `n${at % count}`
    standings.set(name, observeAnswer(standings.get(name) ?? UNHEARD, one, judgement.unreachable.has(name)))
    const before = judgement
    judgement = classify(standings, before.unreachable)
    if (judgement.isCutOff) standings = new Map([...standings].map(([key, value]) => [key, afterCutOff(value)]))
    look(judgement, before, standings)
  }
}

/** Nodes say the same for some seconds, as they do. */
const anyHistory = fc
  .tuple(
    fc.integer({ min: 1, max: 8 }),
    fc.array(fc.tuple(fc.nat(7), anyAnswers, fc.integer({ min: 1, max: 4 })), { maxLength: 60 }),
  )
  .map(([count, spans]) => {
    const heard = spans.flatMap(([at, one, seconds]) => Array.from({ length: seconds }, () => [at, one] as const))
    return [count, heard] as const
  })

/** Six nodes answer, and two of them then do not: what chance seldom comes upon. */
const TWO_GONE: readonly (readonly [number, Answers])[] = [
  ...[0, 1, 2, 3, 4, 5].map((at) => [at, { own: "refused", pod: null }] as const),
  ...[0, 1, 0, 1, 0, 1].map((at) => [at, { own: "silent", pod: null }] as const),
]

test("judge() never says of half of the nodes or more that they are gone, nor of one that never answered", () => {
  let most = 0
  fc.assert(
    fc.property(anyHistory, ([count, heard]) => {
      const answered = new Set<string>()
      everyJudgement(count, heard, ({ unreachable }, _, standings) => {
        for (const [name, { hasAnswered }] of standings) if (hasAnswered) answered.add(name)
        most = Math.max(most, unreachable.size)
        assert.ok(2 * unreachable.size < answered.size + 1)
        for (const name of unreachable) assert.ok(answered.has(name))
      })
    }),
    { numRuns: 2_000, examples: [[[6, [...TWO_GONE]]]] },
  )
  assert.ok(most >= 2, `no history led to two at once: ${most}`)
})

test("judge() does not change its judgement of any node while half of the nodes or more are silent", () => {
  fc.assert(
    fc.property(anyHistory, ([count, heard]) => {
      everyJudgement(count, heard, (now, before) => {
        if (now.isCutOff) for (const name of now.unreachable) assert.ok(before.unreachable.has(name))
      })
    }),
    { numRuns: 1_000 },
  )
})

test("judge() accepts every node that answers well again, whatever happened before", () => {
  fc.assert(
    fc.property(anyHistory, ([count, heard]) => {
      const well: Answers = { own: "accepted", pod: "accepted" }
      const again = Array.from({ length: GOOD_ANSWERS * count }, (_, at) => [at, well] as const)
      let last: Judgement = { unreachable: new Set(), isCutOff: false }
      everyJudgement(count, [...heard, ...again], (now) => (last = now))
      assert.equal(last, { unreachable: new Set(), isCutOff: false })
    }),
    { numRuns: 1_000 },
  )
})

test.run()
