import { test } from "uvu"
import * as assert from "uvu/assert"

import type { NodeReport } from "../../src/contract/report/node-report.ts"
import type { ClusterState } from "../../src/plugin/view/state.ts"
import { parse } from "yaml"
import { inCluster, lease, LEASES, NAMESPACE, nodeReport, REPORTS, SERVED, vipReport } from "./support/fake-cluster.ts"

const DEFAULT_REPORTS = `/apis/kube-keepalived-vip.io/v1alpha1/namespaces/${NAMESPACE}/vipreports`
const MINUTES = 60_000

test(
  "status() prints the VIPs with their holder, and the nodes, and ends with 0 if all is well",
  inCluster(async ({ run }) => {
    const { status, out, err } = await run("status")
    assert.is(
      out,
      `kube-keepalived-vip/vip-configmap: healthy

VIP        STATE    HOLDER  SINCE    VERIFIED  READY  DRAINING  UNREACHABLE  SERVICES
10.4.0.50  applied  n1      3 d 4 h  yes       1      1         0            shop/web

NODE  ROLE    SINCE    STATE    VIPS  REPORTED
n1    MASTER  3 d 4 h  applied  1     12 s ago
n2    BACKUP  3 d 4 h  applied  1     12 s ago
`,
    )
    assert.equal([status, err], [0, ""])
  }),
)

/** What is not well: what the API server gives in place of the good, and what the reasons must say. */
type Case = readonly [what: string, leases: readonly object[] | number, reason: RegExp]

const fault = (state: "fault" | "unknown", reason: string): Partial<NodeReport> => ({
  serves: null,
  roles: [{ instance: "vips", state, since: null, reason, advertInterval: 1 }],
})

const cases: readonly Case[] = [
  ["no node has reported", [], /^No node has reported$/],
  ["the leases are forbidden", 403, /^The state of the nodes is unknown: Cannot list leases .*403/],
  [
    "the master is silent",
    [lease("n1", nodeReport("master"), 5 * MINUTES), lease("n2", nodeReport("backup"))],
    /^Node n1 has been silent for 5 min: its state is unknown$/,
  ],
  [
    "two masters",
    [lease("n1", nodeReport("master")), lease("n2", nodeReport("master"))],
    /^n1 and n2 are VRRP master at once: they do not hear each other$/,
  ],
  [
    "no master",
    [lease("n1", nodeReport("backup")), lease("n2", nodeReport("backup"))],
    /^No node that reports is VRRP master: no node is known to hold the VIPs$/,
  ],
  [
    "a node in FAULT",
    [lease("n1", nodeReport("master")), lease("n2", nodeReport("backup", fault("fault", 'interface "eth0" is down')))],
    /^Node n2 is FAULT: interface "eth0" is down$/,
  ],
  [
    "a node that does not know its state",
    [lease("n1", nodeReport("master")), lease("n2", nodeReport("backup", fault("unknown", "the agent is silent")))],
    /^Node n2 is UNKNOWN: the agent is silent$/,
  ],
  [
    "a report that cannot be read",
    [lease("n1", nodeReport("master")), lease("n2", null)],
    /^The report of node n2 cannot be read: it is from another release$/,
  ],
]

for (const [what, leases, reason] of cases)
  test(
    `status() ${what}: it says so and ends with 1`,
    inCluster(async ({ answers, run }) => {
      answers.set(LEASES, leases)
      const { status, out } = await run("status", "-o", "json")
      const state = JSON.parse(out) as ClusterState
      const reasons = state.installations.flatMap((one) => one.reasons)
      assert.ok(
        reasons.some((text) => reason.test(text)),
        reasons.join("\n"),
      )
      assert.equal([status, state.healthy, state.installations[0]?.healthy], [1, false, false])
      const text = (await run("status")).out
      for (const one of reasons) assert.match(text, `\n  ${one}\n`)
    }),
  )

test(
  "status() what only a silent node says of its VIPs is unknown",
  inCluster(async ({ answers, run }) => {
    answers.set(LEASES, [lease("n1", nodeReport("master"), 5 * MINUTES), lease("n2", nodeReport("backup"))])
    const { out } = await run("status")
    assert.match(out, /^10\.4\.0\.50  unknown  unknown  unknown  unknown   -      -         -            shop\/web$/m)
    assert.match(out, /^n1    SILENT  unknown  unknown  unknown  5 min ago$/m)
    // The node that took over says it itself.
    answers.set(LEASES, [lease("n1", nodeReport("master"), 5 * MINUTES), lease("n2", nodeReport("master"))])
    assert.match((await run("status")).out, /^10\.4\.0\.50  applied  n2 /m)
  }),
)

test(
  "status() a VIP without a holder that names it is not called well: the report of an older release",
  inCluster(async ({ answers, run }) => {
    answers.set(LEASES, [lease("n1", nodeReport("master", { serves: null })), lease("n2", nodeReport("backup"))])
    const { status, out } = await run("status")
    assert.match(out, "The VIPs are unknown: no node that reports says that it holds them")
    assert.is(status, 1)
  }),
)

test(
  "status() troubles of the VipReport are shown with their nodes, and a report that is not ready is not healthy",
  inCluster(async ({ answers, run }) => {
    const ready = { type: "Ready", status: "False", reason: "EntryHeld", message: "held on n1" }
    const troubles = [{ reason: "EntryHeld", note: '"10.4.0.51": no such Service', nodes: "n1, n2" }]
    answers.set(REPORTS, [vipReport({ conditions: [ready], troubles })])
    const { status, out } = await run("status")
    assert.is(status, 1)
    assert.match(out, "\n  EntryHeld: held on n1\n")
    assert.match(out, 'EntryHeld on n1, n2: "10.4.0.51": no such Service')
  }),
)

test(
  "status() a VipReport whose writer is silent, or that has none, may be old",
  inCluster(async ({ answers, run }) => {
    answers.set(`${LEASES}/reporter.vip-configmap`, lease("n1", null, 4 * MINUTES))
    assert.match((await run("status")).out, "The VipReport may be old: its writer has been silent for 4 min")
    answers.delete(`${LEASES}/reporter.vip-configmap`)
    assert.match((await run("status")).out, "No sync writes the VipReport, so it may be old")
    answers.set(REPORTS, [{ metadata: { namespace: NAMESPACE, name: "vip-configmap" } }])
    const { out, status } = await run("status")
    assert.match(out, "The VipReport has no status: no sync has written it yet")
    assert.is(status, 1)
  }),
)

test(
  "status() without a VipReport, without the kind, without the right, without a cluster",
  inCluster(async ({ answers, run, asked }) => {
    answers.set(REPORTS, [])
    assert.equal(await run("status"), {
      status: 1,
      out: "No VipReport: is the product installed in this namespace?\n",
      err: "",
    })
    answers.set(REPORTS, 404)
    const { status, err } = await run("status")
    assert.is(status, 3)
    assert.match(err, "Cannot find VipReports: this cluster does not know the kind; is the product installed?")
    // Who may not list all namespaces sees the default one.
    answers.set(REPORTS, 403)
    answers.set(DEFAULT_REPORTS, [vipReport()])
    assert.is((await run("status")).status, 0)
    answers.set(DEFAULT_REPORTS, 403)
    const refused = await run("status")
    assert.is(refused.status, 3)
    assert.match(refused.err, /^kubectl kkv: Cannot list vipreports in namespace "kube-keepalived-vip": .*403/)
    asked.length = 0
    await run("status", "-n", "other")
    assert.match(asked[0] ?? "", "/namespaces/other/vipreports?")
  }),
)

test(
  "status() wide has more columns; JSON and YAML say the same",
  inCluster(async ({ answers, run }) => {
    const served = { ...SERVED, problem: "NO_ENDPOINTS", state: "unserved", moreServices: 2 } as const
    const master = nodeReport("master", { serves: [served], servesMore: 7 })
    answers.set(LEASES, [lease("n1", master), lease("n2", nodeReport("backup"))])
    const { out } = await run("status", "-o", "wide")
    assert.match(out, "VIRTUAL SERVERS  REAL SERVERS  PROBLEM       SERVICES")
    assert.match(out, "NO_ENDPOINTS  shop/web and 2 more")
    assert.match(out, "and 7 more, for which the report has no room")
    assert.match(out, "4344a465c585")
    const [json, yaml] = [await run("status", "-o", "json"), await run("status", "-o", "yaml")]
    assert.equal(JSON.parse(json.out), parse(yaml.out))
  }),
)

test(
  "status() text of another program cannot control the terminal",
  inCluster(async ({ answers, run }) => {
    const hostile = "\u001b[2J\u009b31m"
    const troubles = [{ reason: "EntryHeld", note: hostile, nodes: hostile }]
    answers.set(REPORTS, [vipReport({ troubles })])
    answers.set(LEASES, [lease(hostile, nodeReport("master", { serves: [{ ...SERVED, services: [hostile] }] }))])
    for (const format of ["text", "wide", "json", "yaml"]) {
      const { out } = await run("status", "-o", format)
      assert.not.match(out, "\u001b")
      assert.not.match(out, "\u009b")
    }
  }),
)

test(
  "main() refuses what it does not know, with 2, and asks nothing",
  inCluster(async ({ run, asked }) => {
    for (const words of [
      ["stauts"],
      ["status", "--bogus"],
      ["status", "-n", "A b"],
      ["explain"],
      ["status", "-o", "x"],
    ])
      assert.is((await run(...words)).status, 2, words.join(" "))
    assert.equal(asked, [])
    const unknown = await run("status", "--context", "other")
    assert.equal(
      [unknown.status, unknown.err],
      [3, 'kubectl kkv: Cannot use the context "other": the kubeconfig has fake\n'],
    )
  }),
)

test.run()
