import { readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parse, stringify } from "yaml"

import { ALERTS } from "../../scripts/alerts.ts"
import { promtool } from "../support/promtool.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { NO_PAGES, type Replaced, seriesOf, STEP_SECONDS, type Stretch } from "./timeline.ts"

const COMPONENT = join(import.meta.dirname, "../../manifests/components/prometheus-rule/prometheus-rule.yaml")

/** What happens, and the alerts that fire at its end: these and no others. */
interface Story {
  readonly name: string
  readonly stretches: readonly Stretch[]
  readonly alerts: readonly string[]
}

const VERSION = 'kkv_build_info{node="n1",version="1.0.0-alpha.1",keepalived="2.2.7"}'
const SLOW = {
  'kkv_reload_duration_seconds_bucket{node="n1",le="30"}': "5",
  'kkv_reload_duration_seconds_bucket{node="n1",le="+Inf"}': "5",
}

const STORIES: readonly Story[] = [
  { name: "nothing happens", stretches: [["well", 90]], alerts: [] },
  {
    name: "a rollout restarts a pod",
    stretches: [
      ["well", 20],
      ["rollout", 1],
      ["well", 10],
    ],
    alerts: [],
  },
  {
    name: "no node is master for half a minute",
    stretches: [
      ["well", 20],
      ["no-master", 0.5],
      ["well", 5],
    ],
    alerts: [],
  },
  {
    name: "the power of the master is cut, and another node takes over",
    stretches: [
      ["well", 20],
      ["power-cut", 0.5],
      ["node-unreachable", 12],
    ],
    alerts: ["KkvNodeUnreachable"],
  },
  after("no-master", "KkvNoMaster", "KkvVrrpFault", "KkvCutOff", "KkvNotWell"),
  after("two-masters", "KkvTwoMasters", "KkvCutOff", "KkvNodeUnreachable"),
  after("agent-down", "KkvAgentDown"),
  // The other nodes have not taken over yet.
  after("keepalived-down", "KkvKeepalivedDown", "KkvNoMaster", "KkvVrrpFault", "KkvUnknown", "KkvNotWell"),
  after("guard", "KkvGuardHeld", "KkvEntryBroken", "KkvGenerationBehind", "KkvNotWell"),
  after("configmap-gone", "KkvGuardHeld", "KkvSyncFails", "KkvNotWell"),
  after("entry-broken", "KkvEntryBroken", "KkvNotWell"),
  after("entry-unserved", "KkvEntryUnserved"),
  after("rolled-back", "KkvConfigNotApplied", "KkvEntryPending", "KkvDrift", "KkvNotWell"),
  after("drift", "KkvDrift", "KkvNotWell"),
  after("fault", "KkvFault", "KkvEntryBroken", "KkvNotWell"),
  after("flapping", "KkvFlapping"),
  after("sync-silent", "KkvSyncSilent", "KkvNotWell"),
  after("source-old", "KkvSyncSilent", "KkvSourceOld", "KkvNotWell"),
  after(NO_PAGES, "KkvAbsent", "KkvNoMaster"),
  byHand(
    "the token of sync is refused",
    [12, { 'kkv_sync_api_trouble{node="n1",cause="credentials"}': "1" }],
    "KkvApiTrouble",
  ),
  byHand("a node has another content in effect", [12, { 'kkv_generation_hash{node="n2"}': "7" }], "KkvNodesDiffer"),
  byHand("a role is unknown", [12, { 'kkv_unknown{node="n1",what="vrrp"}': "1" }], "KkvUnknown"),
  byHand("sync logs an error", [12, { 'kkv_sync_log_lines_total{node="n1",level="error"}': "1" }], "KkvSyncErrors"),
  byHand(
    "a rollout stops",
    [80, { [VERSION]: null, 'kkv_build_info{node="n1",version="0.9.0",keepalived="2.2.7"}': "1" }],
    "KkvVersionsDiffer",
  ),
  {
    name: "changes take 20 s",
    stretches: [["well", 30], ...Array.from({ length: 8 }, () => ["well", 10, SLOW] as const)],
    alerts: ["KkvSlowReload"],
  },
]

/** What the lab does not show: samples that are replaced by hand. */
function byHand(name: string, [minutes, replaced]: readonly [number, Replaced], alert: string): Story {
  return {
    name,
    stretches: [
      ["well", 20],
      ["well", minutes, replaced],
    ],
    alerts: [alert],
  }
}

/** A state that stays for twelve minutes. */
function after(state: string, ...alerts: readonly string[]): Story {
  return {
    name: `${state} stays`,
    stretches: [
      ["well", 20],
      [state, 12],
    ],
    alerts,
  }
}

for (const { name, stretches, alerts } of STORIES)
  test(`${alerts.join(", ") || "no alert"}: ${name}`, async () => {
    assert.equal(await firingAfter(stretches), alerts.toSorted())
  })

test("each alert fires in a story", () => {
  const told = new Set(STORIES.flatMap(({ alerts }) => alerts))
  assert.equal(
    ALERTS.map(({ name }) => name).filter((name) => !told.has(name)),
    [],
  )
})

/** Names of the alerts that fire at the end, as promtool finds them. */
async function firingAfter(stretches: readonly Stretch[]): Promise<readonly string[]> {
  return withTemporaryDirectory(async (directory) => {
    const { spec } = parse(readFileSync(COMPONENT, "utf8")) as { readonly spec: unknown }
    await writeFile(join(directory, "rules.yaml"), stringify(spec))
    const minutes = stretches.reduce((sum, [, one]) => sum + one, 0)
    const end = `${minutes * 60 - STEP_SECONDS}s`
    const asked = { expr: 'group by (alertname) (ALERTS{alertstate="firing"})', eval_time: end, exp_samples: [] }
    const tests = [{ interval: `${STEP_SECONDS}s`, input_series: seriesOf(stretches), promql_expr_test: [asked] }]
    const file = { rule_files: ["rules.yaml"], evaluation_interval: `${STEP_SECONDS}s`, tests }
    await writeFile(join(directory, "test.yaml"), stringify(file, { aliasDuplicateObjects: false }))
    // Nothing is expected, so promtool says what it finds.
    const ended = await promtool("test", "rules", join(directory, "test.yaml"))
    const said = ended.stdout + ended.stderr
    if (ended.status === 0) return []
    const found = [...said.matchAll(/alertname="(\w+)"/g)].map(([, alert = ""]) => alert)
    assert.ok(found.length > 0, said)
    return [...new Set(found)].toSorted()
  })
}

test.run()
