import { test } from "uvu"
import * as assert from "uvu/assert"
import { type KeepalivedModel, vipsOf } from "../../../src/core/model/keepalived-model.ts"
import { applyRelease } from "../../../src/sidecar/apply/apply.ts"
import type { ApplyOutcome } from "../../../src/sidecar/apply/outcome.ts"
import { type ReleaseFile, releaseOf as releaseOfFiles } from "../../../src/sidecar/apply/release.ts"
import { ACCEPTED, type Target, type Verdict } from "../../../src/sidecar/apply/target.ts"
import { type Failure, OLD, releaseOf, script, short } from "../scripted.ts"

const next = releaseOf("10.4.0.50", "10.4.0.51")
const N = short(next.sha256)
const O = short(OLD.sha256)
const inEffect = {
  running: OLD.sha256,
  live: OLD.sha256,
  journal: { phase: "in-effect", from: null, to: OLD.sha256 },
} as const
const nothing = { running: null, live: null, journal: null }

const whole = [
  `candidate ${N}`,
  `test ${N}`,
  "claim",
  `journal swap ${N}`,
  `live ${N}`,
  "reload",
  "verify",
  `journal in-effect ${N}`,
]
const upTo = (step: string) => whole.slice(0, whole.indexOf(step) + 1)
const back = [`restore ${O}`, `live ${O}`, "reload", "verify", `journal in-effect ${O}`]

const walks: [name: string, failures: Failure[], steps: string[], outcome: ApplyOutcome["kind"], runs: string][] = [
  ["everything works", [], whole, "applied", next.sha256],
  ["the config test refuses", ["test"], upTo(`test ${N}`), "rejected", OLD.sha256],
  ["the reload is not acknowledged", ["reload"], [...upTo("reload"), ...back], "rolled-back", OLD.sha256],
  ["keepalived dies in the reload", ["dies-on-reload"], [...upTo("reload"), ...back], "rolled-back", OLD.sha256],
  ["the kernel does not agree", ["verify"], [...upTo("verify"), ...back], "rolled-back", OLD.sha256],
]
for (const [name, failures, steps, outcome, runs] of walks)
  test(`apply() when ${name}`, async () => {
    const world = script(inEffect, failures)
    const result = await applyRelease(next, OLD, world.ports)
    assert.is(result.kind, outcome)
    assert.equal(world.steps, steps)
    assert.is(world.running(), runs)
    assert.is(world.live(), outcome === "applied" ? next.sha256 : OLD.sha256)
  })

test("apply() watches for the holder of what is in effect from before the test on, and waits for it before anything is changed", async () => {
  const world = script(inEffect, [])
  const watchHolder = (model: KeepalivedModel) => {
    world.steps.push(
      `holder of ${vipsOf(model)
        .map(({ address }) => address)
        .join()}`,
    )
    return {
      moment: () => {
        world.steps.push("advert")
        return Promise.resolve(1_500)
      },
      stop: () => void world.steps.push("stop"),
    }
  }
  const result = await applyRelease(next, OLD, world.with({ watchHolder }))
  const watched = `holder of ${vipsOf(OLD.model)[0]?.address}`
  assert.equal(world.steps, [watched, ...whole.slice(0, 3), "advert", ...whole.slice(3), "stop"])
  assert.equal([result.kind, result.kind === "applied" && result.waitedMs], ["applied", 1_500])
})

test("apply() does not wait when keepalived does not run, or the test refuses; its watch ends", async () => {
  for (const [before, failures, watches] of [
    [nothing, [], []],
    [inEffect, ["test"], ["watch", "stop"]],
  ] as const) {
    const world = script(before, [...failures])
    const seen: string[] = []
    const watchHolder = () => {
      seen.push("watch")
      return { moment: () => Promise.reject(new Error("it waits")), stop: () => void seen.push("stop") }
    }
    await applyRelease(next, OLD, world.with({ watchHolder }))
    assert.equal(seen, watches)
  }
})

test("apply() has the superset of rules put in place beside the config test", async () => {
  const world = script(inEffect, [])
  let ended = false
  const prepare = () => {
    world.steps.push("masquerade")
    return new Promise<Verdict>((resolve) => {
      setTimeout(() => {
        ended = true
        resolve(ACCEPTED)
      }, 20)
    })
  }
  const tested = (file: string) => {
    assert.not.ok(ended)
    return world.daemon.keepalived.test(file)
  }
  await applyRelease(next, OLD, world.with({ keepalived: { ...world.daemon.keepalived, test: tested } }, { prepare }))
  assert.equal(world.steps.slice(0, 4), ["masquerade", `candidate ${N}`, `test ${N}`, "claim"])
})

/** A target before keepalived, which takes down what is asked of it; its files are never wrong. */
const proxy = (steps: string[], fails: "test" | "prepare" | "load" | "verify" | null = null): Target => {
  let left = fails
  const step = <T>(name: string, good: T, bad: T): Promise<T> => {
    steps.push(`proxy ${name}`)
    const isBad = left === name
    if (isBad) left = null
    return Promise.resolve(isBad ? bad : good)
  }
  const refused: Verdict = { kind: "refused", reason: "proxy", diagnostics: [], refused: new Map() }
  return {
    prepare: () => step("prepare", ACCEPTED, refused),
    test: () => step("test", ACCEPTED, refused),
    recover: ({ sha256 }) => step(`recover ${short(sha256)}`, undefined, undefined),
    swap: ({ sha256 }) => step(`swap ${short(sha256)}`, undefined, undefined),
    load: () => step("load", null, "the proxy does not load"),
    verify: () => step("verify", null, "the proxy differs"),
    conclude: (_, from) => step(`conclude ${from === null ? "back" : "on"}`, undefined, undefined),
  }
}
const both = [
  ...["proxy prepare", "proxy test", `candidate ${N}`, `test ${N}`, "claim", `journal swap ${N}`],
  ...[`proxy swap ${N}`, `live ${N}`, "proxy load", "reload", "proxy verify", "verify"],
  ...[`journal in-effect ${N}`, "proxy conclude on"],
]
const bothBack = [
  ...[`proxy recover ${O}`, `restore ${O}`, `proxy swap ${O}`, `live ${O}`, "proxy load", "reload"],
  ...["proxy verify", "verify", `journal in-effect ${O}`, "proxy conclude back"],
]
const until = (step: string) => both.slice(0, both.indexOf(step) + 1)
for (const [name, proxyFails, failures, steps, outcome] of [
  ["all agree", null, [], both, "applied"],
  ["one refuses the test", "test", [], until(`test ${N}`), "rejected"],
  ["one is not ready", "prepare", [], until(`test ${N}`), "rejected"],
  ["the first does not load", "load", [], [...until("proxy load"), ...bothBack], "rolled-back"],
  ["the last does not load", null, ["reload"], [...until("reload"), ...bothBack], "rolled-back"],
  ["the first differs", "verify", [], [...until("proxy verify"), ...bothBack], "rolled-back"],
  ["the last differs", null, ["verify"], [...until("verify"), ...bothBack], "rolled-back"],
] as const)
  test(`apply() tests all targets, swaps all, loads and verifies all in order, or all go back: ${name}`, async () => {
    const world = script(inEffect, [...failures])
    const result = await applyRelease(next, OLD, world.with({}, proxy(world.steps, proxyFails)))
    assert.equal([result.kind, world.steps], [outcome, steps])
  })

test("releaseOf() has the digest of its only file, and one over all files in any order", () => {
  const [one, two] = [releaseOf("10.4.0.50"), releaseOf("10.4.0.51")].map(({ files }) => [...files.values()][0])
  assert.ok(one !== undefined && two !== undefined)
  const digest = (...files: [string, ReleaseFile][]) => releaseOfFiles(next.model, new Map(files)).sha256
  assert.is(digest(["a", one]), one.sha256)
  assert.is(digest(["a", one], ["b", two]), digest(["b", two], ["a", one]))
  assert.is.not(digest(["a", one], ["b", two]), digest(["a", two], ["b", one]))
})

test("apply() has what was deleted behind keepalived's back restored, and verifies again", async () => {
  const world = script(inEffect, ["verify"])
  const restore = () => Promise.resolve(true)
  const result = await applyRelease(next, OLD, world.with({ restore }))
  assert.is(result.kind, "applied")
  assert.equal(world.steps, [...upTo("verify"), "verify", `journal in-effect ${N}`])
})

test("apply() goes back when what was restored does not stay", async () => {
  const world = script(inEffect, ["verify", "verify"])
  const restore = () => Promise.resolve(true)
  const result = await applyRelease(next, OLD, world.with({ restore }))
  assert.is(result.kind, "rolled-back")
})

test("apply() restarts keepalived when it cannot go back by a reload, and says so when that fails too (fault 39)", async () => {
  const world = script(inEffect, ["verify", "verify", "verify"])
  const result = await applyRelease(next, OLD, world.ports)
  assert.is(result.kind, "stranded")
  assert.equal(world.steps.slice(upTo("verify").length), [
    `restore ${O}`,
    `live ${O}`,
    "reload",
    "verify",
    "restart",
    "verify",
  ])
})

test("apply() is rolled back when only the restart brings the old configuration back", async () => {
  const world = script(inEffect, ["verify", "verify"])
  assert.is((await applyRelease(next, OLD, world.ports)).kind, "rolled-back")
  assert.is(world.live(), OLD.sha256)
})

test("apply() clears what a dead keepalived left, and then starts one, where none runs", async () => {
  const world = script(nothing)
  assert.is((await applyRelease(next, null, world.ports)).kind, "applied")
  assert.equal(world.steps.slice(-4), ["clear", "start", "verify", `journal in-effect ${N}`])
})

test("apply() is stranded where the first configuration of all does not work", async () => {
  const world = script(nothing, ["start"])
  const result = await applyRelease(next, null, world.ports)
  assert.is(result.kind, "stranded")
  assert.is.not(world.journal()?.phase, "in-effect")
})

test("apply() changes nothing where journal, live file and keepalived agree", async () => {
  const world = script({ ...inEffect, live: next.sha256, journal: { phase: "in-effect", from: null, to: next.sha256 } })
  assert.is((await applyRelease(next, OLD, world.ports)).kind, "unchanged")
  assert.equal(world.steps, [])
})

const unfinished: [name: string, before: Parameters<typeof script>[0]][] = [
  [
    "the journal says swap",
    { ...inEffect, live: next.sha256, journal: { phase: "swap", from: OLD.sha256, to: next.sha256 } },
  ],
  ["the live file is another", { ...inEffect, journal: { phase: "in-effect", from: null, to: next.sha256 } }],
  [
    "keepalived does not run",
    { running: null, live: next.sha256, journal: { phase: "in-effect", from: null, to: next.sha256 } },
  ],
  ["there is no journal", { ...inEffect, live: next.sha256, journal: null }],
]
for (const [name, before] of unfinished)
  test(`apply() walks the whole way again where ${name}`, async () => {
    const world = script(before)
    assert.is((await applyRelease(next, OLD, world.ports)).kind, "applied")
    assert.is(world.running(), next.sha256)
    assert.is(world.journal()?.phase, "in-effect")
  })

for (const crashAt of whole)
  test(`apply() killed at "${crashAt}" is finished by the next pass, and no untested file is ever live`, async () => {
    const first = script(inEffect, [], crashAt)
    await applyRelease(next, OLD, first.ports).catch(() => undefined)
    const tested = first.steps.includes(`test ${N}`)
    if (first.live() === next.sha256) assert.ok(tested)
    const second = script({ running: first.running(), live: first.live(), journal: first.journal() })
    const result = await applyRelease(next, OLD, second.ports)
    assert.ok(result.kind === "applied" || result.kind === "unchanged")
    assert.is(second.live(), next.sha256)
    assert.is(second.running(), next.sha256)
  })

test.run()
