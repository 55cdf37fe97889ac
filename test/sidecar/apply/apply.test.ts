import { test } from "uvu"
import * as assert from "uvu/assert"
import type { KeepalivedModel } from "../../../src/core/model/keepalived-model.ts"
import { applyConfig } from "../../../src/sidecar/apply/apply.ts"
import type { ApplyOutcome } from "../../../src/sidecar/apply/outcome.ts"
import { type Failure, OLD, renderedOf, script, short } from "../scripted.ts"

const next = renderedOf("10.4.0.50", "10.4.0.51")
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
    const result = await applyConfig(next, OLD, world.ports)
    assert.is(result.kind, outcome)
    assert.equal(world.steps, steps)
    assert.is(world.running(), runs)
    assert.is(world.live(), outcome === "applied" ? next.sha256 : OLD.sha256)
  })

test("apply() watches for the holder of what is in effect from before the test on, and waits for it before anything is changed", async () => {
  const world = script(inEffect, [])
  const watchHolder = (model: KeepalivedModel) => {
    world.steps.push(`holder of ${model.vips.map(({ address }) => address).join()}`)
    return {
      awaitAdvert: () => {
        world.steps.push("advert")
        return Promise.resolve(1_500)
      },
      stop: () => void world.steps.push("stop"),
    }
  }
  const result = await applyConfig(next, OLD, { ...world.ports, watchHolder })
  const watched = `holder of ${OLD.model.vips[0]?.address}`
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
      return { awaitAdvert: () => Promise.reject(new Error("it waits")), stop: () => void seen.push("stop") }
    }
    await applyConfig(next, OLD, { ...world.ports, watchHolder })
    assert.equal(seen, watches)
  }
})

test("apply() has the superset of rules put in place beside the config test", async () => {
  const world = script(inEffect, [])
  let ended = false
  const masquerade = () => {
    world.steps.push("masquerade")
    return new Promise<ReadonlySet<string>>((resolve) => {
      setTimeout(() => {
        ended = true
        resolve(new Set())
      }, 20)
    })
  }
  const tested = (file: string) => {
    assert.not.ok(ended)
    return world.ports.keepalived.test(file)
  }
  await applyConfig(next, OLD, { ...world.ports, masquerade, keepalived: { ...world.ports.keepalived, test: tested } })
  assert.equal(world.steps.slice(0, 4), ["masquerade", `candidate ${N}`, `test ${N}`, "claim"])
})

test("apply() has what was deleted behind keepalived's back restored, and verifies again", async () => {
  const world = script(inEffect, ["verify"])
  const restore = () => Promise.resolve(true)
  const result = await applyConfig(next, OLD, { ...world.ports, restore })
  assert.is(result.kind, "applied")
  assert.equal(world.steps, [...upTo("verify"), "verify", `journal in-effect ${N}`])
})

test("apply() goes back when what was restored does not stay", async () => {
  const world = script(inEffect, ["verify", "verify"])
  const restore = () => Promise.resolve(true)
  const result = await applyConfig(next, OLD, { ...world.ports, restore })
  assert.is(result.kind, "rolled-back")
})

test("apply() restarts keepalived when it cannot go back by a reload, and says so when that fails too (fault 39)", async () => {
  const world = script(inEffect, ["verify", "verify", "verify"])
  const result = await applyConfig(next, OLD, world.ports)
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
  assert.is((await applyConfig(next, OLD, world.ports)).kind, "rolled-back")
  assert.is(world.live(), OLD.sha256)
})

test("apply() clears what a dead keepalived left, and then starts one, where none runs", async () => {
  const world = script(nothing)
  assert.is((await applyConfig(next, null, world.ports)).kind, "applied")
  assert.equal(world.steps.slice(-4), ["clear", "start", "verify", `journal in-effect ${N}`])
})

test("apply() is stranded where the first configuration of all does not work", async () => {
  const world = script(nothing, ["start"])
  const result = await applyConfig(next, null, world.ports)
  assert.is(result.kind, "stranded")
  assert.is.not(world.journal()?.phase, "in-effect")
})

test("apply() changes nothing where journal, live file and keepalived agree", async () => {
  const world = script({ ...inEffect, live: next.sha256, journal: { phase: "in-effect", from: null, to: next.sha256 } })
  assert.is((await applyConfig(next, OLD, world.ports)).kind, "unchanged")
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
    assert.is((await applyConfig(next, OLD, world.ports)).kind, "applied")
    assert.is(world.running(), next.sha256)
    assert.is(world.journal()?.phase, "in-effect")
  })

for (const crashAt of whole)
  test(`apply() killed at "${crashAt}" is finished by the next pass, and no untested file is ever live`, async () => {
    const first = script(inEffect, [], crashAt)
    await applyConfig(next, OLD, first.ports).catch(() => undefined)
    const tested = first.steps.includes(`test ${N}`)
    if (first.live() === next.sha256) assert.ok(tested)
    const second = script({ running: first.running(), live: first.live(), journal: first.journal() })
    const result = await applyConfig(next, OLD, second.ports)
    assert.ok(result.kind === "applied" || result.kind === "unchanged")
    assert.is(second.live(), next.sha256)
    assert.is(second.running(), next.sha256)
  })

test.run()
