import { test } from "uvu"
import * as assert from "uvu/assert"

import {
  createAgentState,
  type Candidate,
  type InEffect,
  type Known,
  type Transition,
} from "../../../src/sidecar/agent/state.ts"
import {
  afterAlive,
  afterAttempt,
  afterComparison,
  afterDeath,
  afterFailedComparison,
  afterFailedStart,
  afterGoingBack,
  afterObservation,
  afterMissing,
  afterRestart,
  afterRetest,
  afterRevival,
  afterSoak,
  afterSoakCheck,
  afterTakeOver,
  beforeSwap,
  isBack,
} from "../../../src/sidecar/agent/transitions.ts"
import { VERIFIED } from "../../../src/sidecar/effect/repair.ts"
import type { Observation } from "../../../src/sidecar/agent/observe.ts"
import { NO_HISTORY } from "../../../src/sidecar/agent/history.ts"
import type { RunningKeepalived } from "../../../src/sidecar/ports.ts"
import { configRelease } from "../../../src/sidecar/targets/keepalived.ts"
import { createModelBuilder } from "../../../src/core/model/build-model.ts"
import { createRenderer } from "../../../src/core/render/render.ts"
import { readTemplates } from "../../../src/templates.ts"
import { cluster, input, service, SETTINGS } from "../../core/fixture.ts"

const START = createAgentState({ inEffect: null, history: NO_HISTORY }).known()
const MOMENT = { now: 100, drainTime: 10 }

const built = createModelBuilder(SETTINGS)(input({ "10.4.0.50": "default/a" }, cluster([service("a")])))
const { model } = built
if (model === null) throw new Error("the fixture has no model")
const release = configRelease(createRenderer(readTemplates())(model))
const generation = { sequence: 1, name: "one", path: "/one", manifestSha256: "a", objects: cluster([]) }
const candidate: Candidate = { kind: "candidate", generation, built, release, believesInLostEndpoints: false }
const lost: Observation = { kind: "no-model", generation, problems: [], guard: "endpoints-lost" }
const torn: Observation = { kind: "no-generation", reading: "torn", reason: "size", problems: [] }
const inEffect: InEffect = { sha256: release.sha256, model, generation, since: 7 }
const process = { pid: 1, startTime: "1" }
const running: RunningKeepalived = { parent: process, checker: null, vrrp: null }
const other = { pid: 2, startTime: "2" }

const attempt = (outcome: Parameters<typeof afterAttempt>[0]["outcome"]) =>
  afterAttempt({ tried: candidate, outcome, running, doubtful: false }, MOMENT)
const applied = { kind: "applied", testMs: 1, waitedMs: 0 } as const
const rolledBack = { kind: "rolled-back", reason: "x" } as const

/** What is known before, the transition, and what of it is another afterwards. */
const table: readonly [what: string, before: Partial<Known>, transition: Transition, after: Partial<Known>][] = [
  [
    "a candidate is seen",
    { endpointsLostSince: 5 },
    afterObservation(candidate, 100),
    { observation: candidate, endpointsLostSince: null },
  ],
  ["endpoints are lost", {}, afterObservation(lost, 100), { observation: lost, endpointsLostSince: 100 }],
  ["endpoints are still lost", { endpointsLostSince: 5 }, afterObservation(lost, 100), { endpointsLostSince: 5 }],
  ["a torn generation first", {}, afterObservation(torn, 100), { observation: torn, tornSince: 100 }],
  [
    "a torn generation after a whole one",
    { observation: candidate },
    afterObservation(torn, 100),
    { observation: candidate, tornSince: 100 },
  ],
  ["a generation torn for long", { observation: torn, tornSince: 5 }, afterObservation(torn, 100), { tornSince: 5 }],
  ["a whole generation after a torn one", { tornSince: 5 }, afterObservation(candidate, 100), { tornSince: null }],
  ["the swap begins", {}, beforeSwap, { doubtful: true }],
  [
    "it is applied",
    { failures: 3, doubtful: true, deaths: 2, attempted: "b" },
    attempt(applied),
    { attempted: null, failures: 0, doubtful: false, deaths: 0, drift: VERIFIED, soakSince: 100, parent: process },
  ],
  ["it is in effect already", { inEffect, soakSince: 9 }, attempt({ kind: "unchanged" }), { soakSince: 9, inEffect }],
  [
    "it is rejected",
    { failures: 3, doubtful: true },
    attempt({ kind: "rejected", reason: "x", diagnostics: [], refused: new Map() }),
    { attempted: release.sha256, failures: 0, doubtful: false },
  ],
  [
    "it is rolled back, in a soak",
    { failures: 1, soakSince: 9, parent: other },
    attempt(rolledBack),
    { attempted: release.sha256, failures: 2, doubtful: false, soakSince: 100, parent: process },
  ],
  ["it is rolled back, after the soak", { soakSince: null }, attempt(rolledBack), { soakSince: null }],
  ["it is stranded", {}, attempt({ kind: "stranded", reason: "x" }), { doubtful: true, failures: 1 }],
  ["it may be tried again", { attempted: "a" }, afterRetest, { attempted: null, refusals: null }],
  ["the start fails", { failures: 1 }, afterFailedStart, { failures: 2 }],
  [
    "it goes back",
    { inEffect, failures: 1, deaths: 3 },
    afterGoingBack(rolledBack),
    { outcome: rolledBack, attempted: release.sha256, failures: 2, deaths: 0 },
  ],
  [
    "the last known good configuration takes over",
    { doubtful: true, deaths: 1, soakSince: 5 },
    afterTakeOver(inEffect, NO_HISTORY, running),
    { inEffect, doubtful: false, deaths: 0, soakSince: null, drift: VERIFIED, parent: process, running },
  ],
  ["keepalived lives", { parent: process, soakSince: 5 }, afterAlive(running, 100), { parent: process, soakSince: 5 }],
  [
    "a keepalived that nobody saw lives",
    { soakSince: 5 },
    afterAlive(running, 100),
    { parent: process, soakSince: 100 },
  ],
  ["it lives again", { missingSince: 5 }, afterAlive(running, 100), { missingSince: null, soakSince: null }],
  ["it is missing", {}, afterMissing(100), { missingSince: 100 }],
  ["it is missing for long", { missingSince: 5 }, afterMissing(100), { missingSince: 5 }],
  ["it is started", { missingSince: 5 }, afterRevival, { missingSince: null }],
  ["another takes its place, in a soak", { soakSince: 5 }, afterRestart(100), { soakSince: 100 }],
  ["another takes its place, after the soak", {}, afterRestart(100), { soakSince: null }],
  ["it dies", { deaths: 1 }, afterDeath, { deaths: 2 }],
  ["the soak goes on", { soakSince: 5 }, afterSoakCheck(100), { soakSince: 100 }],
  ["the soak is over", { soakSince: 5 }, afterSoak, { soakSince: null }],
  ["the comparison fails", { drift: VERIFIED }, afterFailedComparison, { drift: null }],
  [
    "the checker is started anew",
    {},
    afterComparison({ check: { ...VERIFIED, difference: "x" }, found: null, restored: "respawned" }),
    { respawned: true },
  ],
  [
    "something is missing still",
    { respawned: true },
    afterComparison({ check: { ...VERIFIED, difference: "x" }, found: null, restored: "nothing" }),
    { respawned: true },
  ],
  [
    "all is back",
    { respawned: true },
    afterComparison({ check: VERIFIED, found: null, restored: "nothing" }),
    { respawned: false, drift: VERIFIED, lastDifferences: null },
  ],
]

for (const [what, before, transition, after] of table)
  test(`a transition: ${what}`, () => {
    const known: Known = { ...START, ...before }
    const next = { ...known, ...transition(known) }
    for (const [field, value] of Object.entries(after)) assert.equal(next[field as keyof Known], value, field)
  })

test("isBack() is true once, when everything is seen to be there again", () => {
  const back = (respawned: boolean, difference: string | null, restored: "nothing" | "set-right" | "respawned") =>
    isBack({ ...START, respawned }, { check: { ...VERIFIED, difference }, found: null, restored })
  assert.equal([back(true, null, "nothing"), back(false, "x", "set-right")], [true, true])
  assert.equal(
    [back(false, null, "nothing"), back(true, "x", "nothing"), back(false, "x", "respawned")],
    [false, false, false],
  )
})

test.run()
