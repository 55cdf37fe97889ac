import { test } from "uvu"
import * as assert from "uvu/assert"

import { inNodes, type Nodes, three } from "./support/fake-nodes.ts"

const DRAINED = { since: "2026-11-30T11:00:00.000Z", reason: "disk" }

test(
  "drain() shows what happens, drains, and waits until the reports show it",
  inNodes(three(), async ({ run, done }) => {
    const said = await run("drain", "n1", "--reason", "new memory", "--yes")
    assert.is(said.err, "")
    assert.is(
      said.out,
      `Held now: n1: 1 VIP of VRRP instance "vips" (10.4.0.50); they move together
  n1: can take over
  n2: can take over
  n3: can take over
Drains n1, until kubectl kkv resume: n2 takes over
n1: drained; n2 holds the VIPs
Undo it: kubectl kkv resume
`,
    )
    assert.is(said.status, 0)
    assert.equal(done, ["kube-keepalived-vip/vip-n1: drain --reason new memory"])
  }),
)

test(
  "drain() a backup moves no VIP",
  inNodes(three(), async ({ run, done }) => {
    const said = await run("drain", "n3", "--yes")
    assert.is(said.status, 0)
    assert.match(said.out, "Drains n3, until kubectl kkv resume: none moves\nn3: drained; n1 holds the VIPs\n")
    assert.equal(done, ["kube-keepalived-vip/vip-n3: drain --reason kubectl kkv"])
  }),
)

test(
  "drain() --dry-run does nothing; without a terminal --yes is needed; on one, only yes is a yes",
  inNodes(three(), async ({ run, done, terminal }) => {
    const dry = await run("drain", "n1", "--dry-run")
    assert.is(dry.status, 0)
    assert.match(dry.out, /n2 takes over\nNothing drained \(dry run\)\n$/)
    const mute = await run("drain", "n1")
    assert.is(mute.status, 2)
    assert.match(mute.err, "standard input is not a terminal; give --yes\n")
    terminal.answer = false
    const no = await run("drain", "n1")
    assert.equal([no.status, no.err, terminal.question], [1, "Nothing is done\n", "Drain n1?"])
    assert.equal(done, [])
    terminal.answer = true
    assert.is((await run("drain", "n1")).status, 0)
    assert.is(done.length, 1)
  }),
)

const alone: readonly (readonly [what: string, nodes: Nodes])[] = [
  ["the others are drained", three({ n2: { drained: DRAINED }, n3: { drained: DRAINED } })],
  ["the others are silent", three({}, { n2: 200_000, n3: 200_000 })],
  ["the others are in FAULT", three({ n2: { state: "fault" }, n3: { state: "fault" } })],
]
for (const [what, nodes] of alone)
  test(
    `drain() refuses if ${what}, and --force goes on`,
    inNodes(nodes, async ({ run, done }) => {
      const said = await run("drain", "n1", "--yes")
      assert.is(said.status, 1)
      assert.is(said.err, "kubectl kkv: Cannot drain n1: no other node can take over\n")
      assert.match(said.out, /^ {2}n2: cannot: /m)
      assert.equal(done, [])
      assert.is((await run("drain", "n1", "--dry-run", "-o", "json")).status, 1)
      await run("drain", "n1", "--yes", "--force")
      assert.equal(done, ["kube-keepalived-vip/vip-n1: drain --reason kubectl kkv --force"])
    }),
  )

test(
  "drain() what the node itself refuses, what the user may not, and a node that is not there",
  inNodes(three(), async ({ run, nodes, answers }) => {
    nodes["n1"] = { ...nodes["n1"]!, refuses: "kkv: Cannot drain n1: no other node can take over\n" }
    const refused = await run("drain", "n1", "--yes")
    assert.is(refused.status, 3)
    assert.is(refused.err, 'kubectl kkv: Node n1 refused "kkv drain": Cannot drain n1: no other node can take over\n')
    nodes["n1"] = { ...nodes["n1"], refuses: 403 }
    assert.match((await run("drain", "n1", "--yes")).err, /it takes the right "create" on "pods\/exec"/)
    assert.match(
      (await run("drain", "n9", "--yes")).err,
      "Cannot drain n9: no node n9 reports (there are: n1, n2, n3)\n",
    )
    answers.set("/api/v1/namespaces/kube-keepalived-vip/pods", [])
    assert.match(
      (await run("drain", "n1", "--yes")).err,
      "Cannot find the pod of node n1: no pod of the product runs there",
    )
  }),
)

test(
  "drain() an effect that the reports do not show in time is said, with 1",
  inNodes(three(), async ({ run, nodes }) => {
    nodes["n1"] = { ...nodes["n1"]!, ignores: true }
    const said = await run("drain", "n1", "--yes")
    assert.is(said.status, 1)
    assert.match(said.err, "The reports do not show it yet: n1 is MASTER and not drained; n1 holds the VIPs")
  }),
)

test(
  "move() drains the nodes that come before, and the holder last",
  inNodes(three({ n1: { state: "backup" }, n2: { state: "master" } }), async ({ run, done }) => {
    const dry = await run("move", "10.4.0.50", "--to", "n3", "--dry-run")
    assert.match(dry.out, "Drains n1, then n2, until kubectl kkv resume: n3 takes over\n")
    const said = await run("move", "10.4.0.50", "--to", "n3", "--yes")
    assert.is(said.status, 0, said.err)
    assert.match(said.out, /n1, n2: drained; n3 holds the VIPs\n/)
    assert.equal(
      done.map((one) => one.split(":")[0]),
      ["kube-keepalived-vip/vip-n1", "kube-keepalived-vip/vip-n2"],
    )
  }),
)

test(
  "move() to a node that comes before the holder drains the holder alone",
  inNodes(three({ n1: { state: "backup" }, n3: { state: "master" } }), async ({ run, done }) => {
    assert.is((await run("move", "10.4.0.50", "--to", "n1", "--yes")).status, 0)
    assert.equal(done, ["kube-keepalived-vip/vip-n3: drain --reason kubectl kkv"])
    assert.match((await run("move", "10.4.0.50", "--to", "n1", "--yes")).out, /Nothing to do\n$/)
  }),
)

const impossible: readonly (readonly [what: string, nodes: Nodes, words: readonly string[], why: string])[] = [
  [
    "a drained node",
    three({ n3: { drained: DRAINED } }),
    ["--to", "n3"],
    "node n3 cannot take over: it is drained (disk)",
  ],
  [
    "a silent node",
    three({}, { n3: 200_000 }),
    ["--to", "n3"],
    "node n3 cannot take over: its last report is 3 min 20 s old",
  ],
  [
    "a node of an older release",
    three({ n3: { priority: null } }),
    ["--to", "n3"],
    "node n3 does not report its priority",
  ],
  ["a node that is not there", three(), ["--to", "n9"], "no node n9 reports"],
]
for (const [what, nodes, words, why] of impossible)
  test(
    `move() refuses ${what}`,
    inNodes(nodes, async ({ run, done }) => {
      const said = await run("move", "10.4.0.50", ...words, "--yes")
      assert.is(said.status, 1)
      assert.match(said.err, why)
      assert.equal(done, [])
    }),
  )

test(
  "move() refuses a VIP that no node holds, and without --to",
  inNodes(three(), async ({ run }) => {
    const said = await run("move", "10.4.0.99", "--to", "n2", "--yes")
    assert.equal([said.status, said.err], [1, "kubectl kkv: Cannot move 10.4.0.99: the nodes report 10.4.0.50\n"])
    assert.is((await run("move", "10.4.0.50")).status, 2)
  }),
)

test(
  "resume() ends all drains, of one node only that, and says what fails",
  inNodes(
    three({ n1: { drained: DRAINED, state: "backup" }, n2: { drained: DRAINED }, n3: { state: "master" } }),
    async ({ run, done, nodes }) => {
      nodes["n2"] = { ...nodes["n2"]!, refuses: "kkv: Cannot look\n" }
      const one = await run("resume", "n1", "--yes")
      assert.is(one.status, 0, one.err)
      assert.match(one.out, "  n1: drained since 2026-11-30T11:00:00.000Z: disk\nNo VIP moves")
      assert.match(one.out, /n1: takes part again\n$/)
      assert.equal(done, ["kube-keepalived-vip/vip-n1: resume drain"])
      const bad = await run("resume", "--yes")
      assert.is(bad.status, 1)
      assert.match(bad.err, 'Node n2 refused "kkv resume": Cannot look\n')
      nodes["n2"] = { ...nodes["n2"], refuses: undefined }
      assert.is((await run("resume", "--yes")).status, 0)
      assert.is((await run("resume", "--yes")).out, "No node is drained\n")
      assert.is((await run("resume", "n9", "--yes")).status, 1)
    },
  ),
)

test(
  "status() shows a drained node, and is healthy",
  inNodes(three({ n2: { drained: DRAINED } }), async ({ run }) => {
    const said = await run("status")
    assert.is(said.status, 0, said.out)
    assert.match(said.out, /^n2 {4}BACKUP, drained /m)
    assert.match(said.out, '\nn2 is drained since 2026-11-30T11:00:00.000Z: disk ("kubectl kkv resume n2" ends that)\n')
  }),
)

const FINDINGS = [
  { check: "ip_vs", state: "good", is: "the kernel has IPVS", causes: null, action: null },
  { check: "conntrack", state: "wrong", is: "920 of 1000 connections", causes: "it drops", action: "raise it" },
]

test(
  "doctor() the findings of each node, and the worst status",
  inNodes(three(), async ({ run, nodes, done }) => {
    const healthy = JSON.stringify({ healthy: true, findings: FINDINGS.slice(0, 1) })
    for (const name of ["n1", "n2", "n3"]) nodes[name] = { ...nodes[name]!, says: { status: 0, out: healthy } }
    const good = await run("doctor")
    assert.equal([good.status, good.out], [0, "n1: nothing found\n\nn2: nothing found\n\nn3: nothing found\n"])
    assert.is(done[0], "kube-keepalived-vip/vip-n1: doctor --output json")
    assert.match((await run("doctor", "n1", "-o", "wide")).out, "  ip_vs  good  the kernel has IPVS\n")
    nodes["n2"] = { ...nodes["n2"]!, says: { status: 1, out: JSON.stringify({ healthy: false, findings: FINDINGS }) } }
    const bad = await run("doctor", "--all")
    assert.is(bad.status, 1)
    assert.match(
      bad.out,
      "n2: 1 of 2 checks are not good\n  conntrack  wrong  920 of 1000 connections\n    causes: it drops\n",
    )
    nodes["n3"] = { ...nodes["n3"]!, refuses: 403 }
    const unasked = await run("doctor")
    assert.is(unasked.status, 3)
    assert.match(unasked.out, /^n3: not asked\n {2}.*pods\/exec/m)
    assert.match(unasked.out, "n2: 1 of 2 checks are not good\n")
    nodes["n3"] = { ...nodes["n3"], refuses: undefined, says: { status: 3, out: "" } }
    assert.match((await run("doctor", "n3")).out, "kkv doctor ended with 3")
    assert.is((await run("doctor", "n1", "--all")).status, 2)
  }),
)

test(
  "page() forwards to the holder, or to the node that is named",
  inNodes(three({ n1: { state: "backup" }, n2: { state: "master" } }), async ({ run, done }) => {
    const said = await run("page")
    assert.equal([said.status, said.out], [0, "http://127.0.0.1:41234/ is the status page of n2, until Ctrl-C\n"])
    await run("page", "n3", "--port", "9090", "--local-port", "8081")
    assert.equal(done, ["vip-n2: forward 0:8080", "vip-n3: forward 8081:9090"])
    const wrong = await run("page", "--port", "http")
    assert.equal(
      [wrong.status, wrong.err],
      [2, 'kubectl kkv: Cannot use --port "http": expected a port from 1 to 65535\n'],
    )
  }),
)

const completions: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [["dr"], ["drain"]],
  [
    ["drain", ""],
    ["n1", "n2", "n3"],
  ],
  [["drain", "n1", ""], []],
  [
    ["drain", "--reason", "x", ""],
    ["n1", "n2", "n3"],
  ],
  [["drain", "--dr"], ["--dry-run"]],
  [["status", "-o", "j"], ["json"]],
  [["explain", "10."], ["10.4.0.50"]],
  [["move", "10.4.0.50", "--to", "n3"], ["n3"]],
  [["who", ""], []],
]
for (const [words, offered] of completions)
  test(
    `kubectl_complete-kkv ${words.join(" ")}`,
    inNodes(three(), async ({ complete }) => {
      const lines = (await complete(...words)).split("\n").filter((line) => line !== "")
      assert.is(lines.pop(), ":4")
      assert.equal(
        lines.map((line) => line.split("\t")[0]),
        offered,
      )
    }),
  )

test.run()
