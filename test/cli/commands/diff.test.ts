import { writeFile } from "node:fs/promises"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { kkv } from "../support/kkv.ts"
import { configMap, inTree, nodes, service, slice, type Tree, writeTree } from "../support/manifests.ts"

const tree = (name: string, pods: readonly string[]): Tree => ({
  [`${name}/v.yaml`]: configMap("10.4.0.50: default/echo"),
  [`${name}/echo.yaml`]: `${service("echo")}---\n${slice("echo", pods)}`,
  [`${name}/nodes.yaml`]: nodes("10.4.0.3", "10.4.0.4"),
})

test("diff() the same trees: nothing, status 0", () =>
  inTree({ ...tree("a", ["10.2.0.1"]), ...tree("b", ["10.2.0.1"]) }, async () => {
    assert.equal(await kkv(["diff", "a", "b"]), { status: 0, out: "", err: "" })
  }))

test("diff() another pod: a unified diff, status 1", () =>
  inTree({ ...tree("a", ["10.2.0.1"]), ...tree("b", ["10.2.0.1", "10.2.0.2"]) }, async () => {
    const said = await kkv(["diff", "a", "b"])
    assert.is(said.status, 1)
    assert.match(said.out, /^--- a\n\+\+\+ b\n@@ -\d+,\d+ \+\d+,\d+ @@\n/)
    assert.match(said.out, "\n+  real_server 10.2.0.2 8080 {\n")
    assert.match(said.out, "\n-# end: VIPs 1, virtual servers 1, real servers 1\n")
    assert.not.match(said.out, "\u001b")
  }))

test("diff() is coloured where the terminal is, and never as JSON", () =>
  inTree({ ...tree("a", ["10.2.0.1"]), ...tree("b", ["10.2.0.2"]) }, async () => {
    assert.match((await kkv(["diff", "a", "b"], { colour: true })).out, "\u001b[32m+  real_server 10.2.0.2 8080 {")
    const json = await kkv(["diff", "a", "b", "--output", "json"], { colour: true })
    assert.is(json.status, 1)
    const { same, diff } = JSON.parse(json.out) as { same: boolean; diff: string }
    assert.is(same, false)
    assert.not.match(diff, "\u001b")
  }))

test("diff() a keepalived.conf against the tree that it came from, whatever its node", () =>
  inTree(tree("a", ["10.2.0.1"]), async (directory) => {
    const { out } = await kkv(["render", "a", "--node", "n-10.4.0.4", "--iface", "bond0"])
    await writeFile(`${directory}/live.conf`, out)
    assert.is((await kkv(["diff", "live.conf", "a"])).status, 0)
    assert.is((await kkv(["diff", "a", "live.conf"])).status, 0)
    await writeTree(directory, { "applied/keepalived.conf": out, "applied/status.yaml": "" })
    assert.is((await kkv(["diff", "applied", "a"])).status, 0)
  }))

const vips = (name: string, count: number, annotation = "") => ({
  [`${name}/v.yaml`]: configMap(...Array.from({ length: count }, (_, n) => `10.4.0.${n + 1}: ""`)).replace(
    "metadata:\n",
    `metadata:\n${annotation}`,
  ),
})

test("diff() says ahead that the nodes will hold a step that takes away most of what works", () =>
  inTree(
    {
      ...vips("a", 5),
      ...vips("b", 2),
      ...vips("c", 2, '  annotations: {kube-keepalived-vip.io/allow-mass-removal: "2"}\n'),
    },
    async () => {
      const said = await kkv(["diff", "a", "b"])
      assert.is(said.status, 1)
      assert.match(
        said.err,
        /note: the nodes will hold this: b\/v\.yaml:1:1: MASS_REMOVAL: Cannot remove 3 of 5 VIPs at once/,
      )
      assert.not.match((await kkv(["diff", "a", "c"])).err, "MASS_REMOVAL")
    },
  ))

test("diff() a node that only one side has is not chosen", () =>
  inTree({ ...tree("a", ["10.2.0.1"]), ...tree("b", ["10.2.0.1"]), "b/nodes.yaml": nodes("10.4.0.4") }, async () => {
    const said = await kkv(["diff", "a", "b", "--iface", "eth0"])
    assert.is(said.status, 1)
    assert.match(said.out, "-  priority 246\n+  priority 254\n")
  }))

test("diff() trouble is status 3", () =>
  inTree({ ...tree("a", ["10.2.0.1"]), "none/x.yaml": "" }, async () => {
    assert.is((await kkv(["diff", "a", "nowhere"])).status, 3)
    const said = await kkv(["diff", "a", "none"])
    assert.is(said.status, 3)
    assert.match(said.err, 'kkv: Cannot compare "none": no keepalived.conf can be made from it\n')
  }))

test.run()
