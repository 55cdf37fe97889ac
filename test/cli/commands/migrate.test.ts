import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { kkv } from "../support/kkv.ts"
import { configMap, inTree } from "../support/manifests.ts"

const VIPS = { "old/vips.yaml": configMap("10.4.0.50: default/echoheaders") }
const WORDS = ["migrate", "--from", "0.35", "old", "--out", "new"]

test("kkv migrate makes the directory, and says what is in it", () =>
  inTree(VIPS, async () => {
    const { status, out, err } = await kkv(WORDS)
    const files = ["vip-configmap.yaml", "kustomization.yaml", "values.yaml", "REPORT.md"]
    assert.is(
      out,
      `${files.map((name) => `new/${name}\n`).join("")}1 entry; 0 things without an equivalent, 8 differences.\n`,
    )
    assert.equal([status, err, readdirSync("new").toSorted()], [0, "", files.toSorted()])
  }))

test("kkv migrate --output json says the same to programs", () =>
  inTree({ "old/vips.yaml": configMap("10.4.0.50: default/echoheaders", "10.4.0.51: a/b:PROXY") }, async () => {
    const { status, out } = await kkv([...WORDS, "--output", "json"])
    const said = JSON.parse(out) as {
      good: boolean
      differences: { hasEquivalent: boolean; place: unknown; was: string }[]
    }
    assert.is(status, 1)
    assert.equal(Object.keys(said), ["good", "entries", "files", "differences"])
    const [missing] = said.differences.filter(({ hasEquivalent }) => !hasEquivalent)
    assert.equal(
      [said.good, missing?.was, missing?.place],
      [false, "10.4.0.51: a/b:PROXY", { file: "old/vips.yaml", line: 8, column: 3 }],
    )
  }))

test("kkv migrate reads standard input, and takes the base as it is named", () =>
  inTree({}, async () => {
    const words = ["migrate", "--from", "0.35", "-", "--out", "new", "--base", "../manifests/base"]
    const { status } = await kkv(words, { input: VIPS["old/vips.yaml"] })
    assert.is(status, 0)
    assert.match(readFileSync("new/kustomization.yaml", "utf8"), /resources:\n {2}- \.\.\/manifests\/base\n/)
  }))

test("kkv migrate writes into an empty directory, and with --force only over its own files", () =>
  inTree(VIPS, async () => {
    mkdirSync("new")
    assert.is((await kkv(WORDS)).status, 0)
    writeFileSync("new/mine.txt", "mine")
    writeFileSync("new/values.yaml", "old")
    const refused = await kkv(WORDS)
    assert.is(refused.status, 2)
    assert.match(
      refused.err,
      /Cannot write into "new": it is not empty \(expected an empty or new directory, or --force\)/,
    )
    assert.is(readFileSync("new/values.yaml", "utf8"), "old")
    assert.is((await kkv([...WORDS, "--force"])).status, 0)
    assert.match(readFileSync("new/values.yaml", "utf8"), /^profile: "0.35"$/m)
    assert.is(readFileSync("new/mine.txt", "utf8"), "mine")
  }))

for (const [what, words, status, message] of [
  ["an unknown origin", ["migrate", "--from", "metallb", "old", "--out", "new"], 2, /Allowed choices are 0\.35/],
  ["no origin", ["migrate", "old", "--out", "new"], 2, /--from/],
  ["no directory for the result", ["migrate", "--from", "0.35", "old"], 2, /--out/],
  ["a file for the result", ["migrate", "--from", "0.35", "old", "--out", "old/vips.yaml"], 2, /it is not a directory/],
  ["a path that does not exist", ["migrate", "--from", "0.35", "gone", "--out", "new"], 3, /does not exist/],
  [
    "an input without such things",
    ["migrate", "--from", "externalips", "old", "--out", "new"],
    1,
    /Cannot find anything/,
  ],
] as const)
  test(`kkv migrate with ${what} ends with status ${status}, and writes nothing`, () =>
    inTree(VIPS, async () => {
      const said = await kkv(words)
      assert.is(said.status, status)
      assert.match(said.err, message)
      assert.not(existsSync("new"))
    }))

test("kkv migrate --from 0.35 reads the ConfigMap that the command line names, and reports the entries of others", () =>
  inTree(
    { ...VIPS, "old/more.yaml": configMap("10.4.0.60: default/more").replace("name: vips", "name: more") },
    async () => {
      const { status } = await kkv([...WORDS, "--services-configmap", "default/more"])
      assert.is(status, 0)
      assert.match(readFileSync("new/vip-configmap.yaml", "utf8"), /10\.4\.0\.60: default\/more\n$/)
      assert.match(
        readFileSync("new/REPORT.md", "utf8"),
        /10\.4\.0\.50: default\/echoheaders \| nothing: 0\.35 does not read/,
      )
    },
  ))

test("kkv migrate --from 0.35 leaves out an entry that a node would leave out, with the reason", () =>
  inTree(
    {
      "old/vips.yaml": configMap("10.4.0.50: default/web:DR", "10.4.0.3: default/web", "10.4.0.51: default/gone"),
      "old/service.yaml":
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80, targetPort: 8080}]}\n---\n" +
        "apiVersion: v1\nkind: EndpointSlice\nmetadata: {name: web, labels: {kubernetes.io/service-name: web}}\n".replace(
          "v1",
          "discovery.k8s.io/v1",
        ) +
        "addressType: IPv4\nports: [{port: 8080}]\nendpoints: [{addresses: [10.2.0.1]}]\n---\n" +
        "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {addresses: [{type: InternalIP, address: 10.4.0.3}]}\n",
    },
    async () => {
      const { status, err } = await kkv(WORDS)
      assert.is(status, 1)
      assert.match(err, /10\.4\.0\.50: default\/web:DR: no entry: PORT_MAPPING_NEEDS_NAT/)
      assert.match(err, /10\.4\.0\.3: default\/web: no entry: VIP_IS_NODE_ADDRESS/)
      // A Service may come later, here as well as in 0.35.
      assert.match(readFileSync("new/vip-configmap.yaml", "utf8"), /data:\n {2}10\.4\.0\.51: default\/gone\n$/)
    },
  ))

test("kkv migrate --from 0.35 says which entries 0.35 read in another way", () =>
  inTree({ "old/vips.yaml": configMap("10.4.0.50: a/b:dr", "10.4.0.51: |", "  a/b", "  a/c") }, async () => {
    assert.is((await kkv(WORDS)).status, 0)
    const report = readFileSync("new/REPORT.md", "utf8")
    assert.match(report, /10\.4\.0\.50: a\/b:dr \| an entry that runs: 0\.35 left it out/)
    assert.match(report, /10\.4\.0\.51: a\/b; a\/c \| all its Services: 0\.35 read the first line/)
  }))

test("kkv migrate says that a node does not read as many entries", () => {
  const lines = Array.from({ length: 2001 }, (_, at) => `10.4.${at >> 8}.${at & 255}: ""`)
  return inTree({ "old/vips.yaml": configMap(...lines) }, async () => {
    const { status, err } = await kkv(WORDS)
    assert.is(status, 1)
    assert.match(err, /all entries: TOO_MANY_VIPS/)
  })
})

test("kkv migrate takes a VRID that none of the files has", () =>
  inTree(
    {
      "a.conf": "vrrp_instance a {\nvirtual_router_id 254\nvirtual_ipaddress {\n10.4.0.50\n}\n}\n",
      "b.conf": "vrrp_instance b {\nvirtual_router_id 255\nvirtual_ipaddress {\n10.4.0.51\n}\n}\n",
    },
    async () => {
      const { status } = await kkv(["migrate", "--from", "keepalived", ".", "--out", "new"])
      assert.is(status, 0)
      assert.match(readFileSync("new/values.yaml", "utf8"), /^vrid: 1$/m)
    },
  ))

test.run()
