import { test } from "uvu"
import * as assert from "uvu/assert"
import { packageVersion } from "../../../src/kit/files/package-file.ts"
import { createMetrics } from "../../../src/sidecar/report/metrics.ts"
import { STATUS, SYNC_SIGNS, VRRP } from "../../cli/support/volume.ts"
import { running } from "../running-agent.ts"

const appliedSha256 = `0123456789ab${"f".repeat(52)}`

/** The page of a sidecar that has just started, and of the same one later. */
async function pages(...counts: readonly { readonly pollRecovered: number; readonly watcherErrors: number }[]) {
  const { agent } = await running()
  const metrics = createMetrics()
  const nodes = { watched: 5, unreachable: ["a"], unheard: ["b"], isCutOff: true }
  const status = { ...STATUS, appliedSha256, keepalivedVersion: "2.3.3" }
  const made: string[] = []
  for (const watch of counts)
    made.push(await metrics.page(agent.snapshot(), { watch, status, sync: SYNC_SIGNS, nodes, faults: [] }))
  await agent.stop()
  return made
}

const NOTHING = { pollRecovered: 0, watcherErrors: 0 }

test("metrics: counters are there before their first event, so that increase() sees it", async () => {
  const [page = ""] = await pages(NOTHING)
  for (const result of ["unchanged", "applied", "rejected", "rolled-back", "stranded"])
    assert.match(page, `kkv_apply_total{result="${result}"} 0\n`)
  for (const kind of ["archive-failure", "alarm", "watcher-trouble", "node-change", "fault"])
    assert.match(page, `kkv_events_total{kind="${kind}"} 0\n`)
})

test("metrics: what ends in _total is a counter, and all of ours begin with kkv_", async () => {
  const [page = ""] = await pages(NOTHING)
  const types = [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => ({ name, type }))
  const ours = types.filter(({ name }) => !/^(?:process|nodejs)_/.test(name))
  assert.ok(ours.length > 15)
  assert.equal(
    ours.filter(({ name }) => !name.startsWith("kkv_")),
    [],
  )
  assert.equal(
    ours.filter(({ name, type }) => name.endsWith("_total") !== (type === "counter")),
    [],
  )
})

test("metrics: the watcher's counts are told as they are at each look", async () => {
  const [, page = ""] = await pages({ pollRecovered: 1, watcherErrors: 2 }, { pollRecovered: 3, watcherErrors: 2 })
  assert.match(page, "kkv_poll_recovered_total 3\n")
  assert.match(page, "kkv_watcher_errors_total 2\n")
})

test("metrics: nodes are counted by what they answer, and being cut off is a gauge of its own", async () => {
  const [page = ""] = await pages(NOTHING)
  const states = [...page.matchAll(/^kkv_nodes\{state="([a-z-]+)"\} (\d+)$/gm)].map(
    ([, state, count]) => `${state} ${count}`,
  )
  assert.equal(states, ["answering 3", "unreachable 1", "unheard 1"])
  assert.match(page, "kkv_nodes_cut_off 1\n")
})

test("metrics: versions stand in kkv_build_info", async () => {
  const [page = ""] = await pages(NOTHING)
  assert.match(page, `kkv_build_info{version="${packageVersion()}",keepalived="2.3.3"} 1\n`)
})

test("metrics: each instance has its own role, state and transitions, and one that is gone has no sample", async () => {
  const { agent } = await running()
  const metrics = createMetrics()
  const rest = { watch: NOTHING, sync: SYNC_SIGNS, nodes: null, faults: [] }
  const lan = { ...VRRP, instance: "lan", state: "backup" } as const
  const both = await metrics.page(agent.snapshot(), { ...rest, status: { ...STATUS, vrrp: [VRRP, lan] } })
  assert.match(both, 'kkv_master{vrrp_instance="vips"} 1\nkkv_master{vrrp_instance="lan"} 0\n')
  assert.match(both, 'kkv_vrrp_state{vrrp_instance="lan",state="backup"} 1\n')
  metrics.transition({ kind: "role", instance: "lan", time: "", from: "backup", to: "master", reason: null })
  const one = await metrics.page(agent.snapshot(), { ...rest, status: { ...STATUS, vrrp: [VRRP] } })
  assert.not.match(one, /kkv_(?:master|vrrp_state)\{vrrp_instance="lan"/)
  assert.match(one, 'kkv_vrrp_transitions_total{vrrp_instance="lan",state="master"} 1\n')
  await agent.stop()
})

test("metrics: the hash is that of the generation's content, which nodes have alike; absent without one", async () => {
  const { agent } = await running()
  const { inEffect, ...rest } = agent.snapshot()
  await agent.stop()
  const known = inEffect?.generation ?? null
  if (inEffect === null || known === null) throw new Error("a generation is in effect")
  const around = { watch: NOTHING, status: STATUS, sync: SYNC_SIGNS, nodes: null, faults: [] }
  const pageWith = (name: string | null) => {
    const generation = name === null ? null : { ...known, name }
    return createMetrics().page({ ...rest, inEffect: { ...inEffect, generation } }, around)
  }
  // 0x0123456789ab
  const hash = "kkv_generation_hash 1250999896491\n"
  assert.match(await pageWith("00000000000000000007-0123456789ab"), hash)
  assert.match(await pageWith("00000000000000000123-0123456789ab"), hash)
  assert.not.match(await pageWith("00000000000000000008-0123456789ac"), hash)
  assert.not.match(await pageWith(null), /^kkv_generation_hash /m)
  assert.not.match(await createMetrics().page({ ...rest, inEffect: null }, around), /^kkv_generation_hash /m)
})

test("metrics: success is that of the newest generation, also after a failed one is taken back without an attempt", async () => {
  const { agent } = await running()
  const metrics = createMetrics()
  const successAt = async (outcome: (typeof STATUS)["outcome"]) => {
    const around = { watch: NOTHING, status: { ...STATUS, outcome }, sync: SYNC_SIGNS, nodes: null, faults: [] }
    return /^kkv_config_last_reload_successful (\S+)$/m.exec(await metrics.page(agent.snapshot(), around))?.[1]
  }
  assert.is(await successAt("waiting"), "Nan")
  metrics.applied({ kind: "rolled-back", reason: "the kernel differs" }, 10)
  assert.is(await successAt("rolled-back"), "0")
  for (const outcome of ["rejected", "stranded"] as const) assert.is(await successAt(outcome), "0")
  // The entry is removed: the text in effect is that of the newest generation, and nothing is applied.
  assert.is(await successAt("unchanged"), "1")
  await agent.stop()
})

test("metrics: VIPs have names only where they are wanted, and those that are gone have no sample", async () => {
  const { agent } = await running()
  const [vip] = STATUS.vips
  if (vip === undefined) throw new Error("there is a VIP")
  const both = [
    { ...vip, drainingPods: 1 },
    { ...vip, vip: "10.4.0.51", entry: "10.4.0.51", state: "held" as const },
  ]
  const around = { watch: NOTHING, status: { ...STATUS, vips: both }, sync: SYNC_SIGNS, nodes: null, faults: [] }
  assert.not.match(await createMetrics().page(agent.snapshot(), around), "10.4.0.5")
  const metrics = createMetrics({ perVip: true })
  const page = await metrics.page(agent.snapshot(), around)
  const labels = 'object="ConfigMap default/vips",vip="10.4.0.5'
  assert.match(page, `kkv_vip_state{${labels}0",state="${vip.state}"} 1\n`)
  assert.match(page, `kkv_vip_state{${labels}1",state="held"} 1\n`)
  assert.match(page, `kkv_vip_pods{${labels}0",state="ready"} ${vip.readyPods}\n`)
  assert.match(page, `kkv_vip_pods{${labels}0",state="draining"} 1\n`)
  assert.match(page, `kkv_vip_unserved_ports{${labels}1"} ${vip.unserved}\n`)
  const one = { ...around, status: { ...STATUS, vips: both.slice(0, 1) } }
  assert.not.match(await metrics.page(agent.snapshot(), one), "10.4.0.51")
  await agent.stop()
})

test("metrics: a role that cannot be told is not that of a backup", async () => {
  const { agent } = await running()
  const rest = { watch: NOTHING, status: STATUS, sync: SYNC_SIGNS, nodes: null, faults: [] }
  const masterIn = async (state: "master" | "backup" | "unknown") => {
    const status = { ...STATUS, vrrp: [{ ...VRRP, state }] }
    const page = await createMetrics().page(agent.snapshot(), { ...rest, status })
    return /^kkv_master\{vrrp_instance="vips"\} (\S+)$/m.exec(page)?.[1]
  }
  assert.equal([await masterIn("master"), await masterIn("backup")], ["1", "0"])
  // As the library spells it; Prometheus reads it in any capitals.
  assert.match((await masterIn("unknown")) ?? "no sample", /^nan$/i)
  await agent.stop()
})

test.run()
