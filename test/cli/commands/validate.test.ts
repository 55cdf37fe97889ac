import { test } from "uvu"
import * as assert from "uvu/assert"
import { codesOf, kkv } from "../support/kkv.ts"
import { configMap, GOOD, GOOD_LINE, inTree, service, underGit } from "../support/manifests.ts"

test("validate() good manifests are counted", () =>
  inTree(underGit({ ...GOOD, "vips.yaml": configMap(GOOD_LINE, '10.4.0.61: ""') }), async () => {
    assert.equal(await kkv(["validate", "git"]), {
      status: 0,
      out: "2 VIPs, 1 virtual server: no problems (ConfigMap default/vips)\n",
      err: "",
    })
  }))

test("validate() a warning leaves the status at 0", () =>
  inTree(
    underGit({ ...GOOD, "idle.yaml": service("idle"), "vips.yaml": configMap(GOOD_LINE, "10.4.0.61: default/idle") }),
    async () => {
      const said = await kkv(["validate", "git"])
      assert.is(said.status, 0)
      assert.equal(codesOf(said.out), ["git/vips.yaml:8:3: warning: NO_ENDPOINTS"])
      assert.match(
        said.out,
        "2 VIPs, 2 virtual servers (1 without a ready pod): 1 warning in 1 file (ConfigMap default/vips)\n",
      )
    },
  ))

test("validate() a tree without any endpoints gets one note instead of a warning each", () =>
  inTree(
    {
      "a.yaml": `${service("a")}---\n${service("b")}`,
      "v.yaml": configMap("10.4.0.61: default/a", "10.4.0.62: default/b"),
    },
    async () => {
      const said = await kkv(["validate", "."])
      assert.is(said.status, 0)
      assert.equal(said.out.split("\n").length, 3)
      assert.match(said.out, "note: the manifests have no EndpointSlice or Endpoints")
      assert.match(said.out, "2 VIPs, 2 virtual servers: no problems (ConfigMap default/vips)\n")
    },
  ))

/** The text of a Node with these addresses. */
const node = (name: string, ...addresses: readonly string[]) =>
  `apiVersion: v1\nkind: Node\nmetadata:\n  name: ${name}\nstatus:\n  addresses: [${addresses.map((address) => `{type: InternalIP, address: "${address}"}`).join(", ")}]\n`

test("validate() and render() agree on a tree whose only Node has an IPv6 address alone", () =>
  inTree({ ...GOOD, "nodes.yaml": node("x", "fd04::3"), "v.yaml": configMap(GOOD_LINE) }, async () => {
    const said = await kkv(["validate", "."])
    assert.is(said.status, 1)
    assert.match(said.out, "NODE_WITHOUT_ADDRESS")
    assert.is((await kkv(["render", "."])).status, 1)
  }))

test("validate() and render() agree where one of the Nodes has an IPv4 address", () =>
  inTree(
    { ...GOOD, "nodes.yaml": `${node("x", "fd04::3")}---\n${node("y", "10.4.0.3")}`, "v.yaml": configMap(GOOD_LINE) },
    async () => {
      assert.is((await kkv(["validate", "."])).status, 0)
      assert.is((await kkv(["render", "."])).status, 0)
    },
  ))

test("validate() names are printed as they were given", () =>
  inTree(underGit({ "v.yaml": configMap("foo: a/b") }), async (directory) => {
    for (const [given, shown] of [
      ["git", "git/v.yaml:7:3"],
      ["./git/", "./git/v.yaml:7:3"],
      ["git/v.yaml", "git/v.yaml:7:3"],
      [`${directory}/git`, `${directory}/git/v.yaml:7:3`],
      [".", "git/v.yaml:7:3"],
    ] as const)
      assert.ok((await kkv(["validate", given])).out.startsWith(`${shown}: BAD_ADDRESS: `), given)
  }))

test("validate() standard input", async () => {
  const said = await kkv(["validate", "-"], { input: configMap("foo: a/b") })
  assert.equal(codesOf(said.out), ["<stdin>:7:3: BAD_ADDRESS"])
})

test("validate() all problems at once, sorted by place", () =>
  inTree({ "b.yaml": "kind: Service\n\tx: 1\n", "a.yaml": configMap("foo: a/b", "bar: a/b") }, async () => {
    const said = await kkv(["validate", "b.yaml", "a.yaml"])
    const places = codesOf(said.out).map((line) => line.split(": ")[0] ?? "")
    assert.equal(places.slice(0, 2), ["a.yaml:7:3", "a.yaml:8:3"])
    assert.ok(places.length > 2 && places.slice(2).every((place) => place.startsWith("b.yaml:2:")))
    assert.match(said.out, / problems in 2 files \(ConfigMap default\/vips\)\n$/)
  }))

test("validate() --output json has a stable shape", () =>
  inTree({ "v.yaml": configMap("foo: a/b") }, async () => {
    const said = await kkv(["validate", "v.yaml", "--output", "json"])
    assert.is(said.status, 1)
    const report = JSON.parse(said.out) as { problems: { message: string }[] }
    assert.equal(Object.keys(report), ["good", "configMaps", "vips", "virtualServers", "waiting", "problems", "notes"])
    assert.equal(
      { ...report, problems: report.problems.map((problem) => ({ ...problem, message: "" })) },
      {
        good: false,
        configMaps: ["default/vips"],
        vips: 1,
        virtualServers: 0,
        waiting: 0,
        problems: [
          {
            code: "BAD_ADDRESS",
            severity: "error",
            path: ["ConfigMap default/vips", "data", "foo"],
            place: { file: "v.yaml", line: 7, column: 3 },
            message: "",
          },
        ],
        notes: [],
      },
    )
  }))

test("validate looks at a tree of VIPs alone: one note, and no Service is missed; what is wrong with an entry is still said", () =>
  inTree({ "git/vips.yaml": configMap("10.4.0.50: shop/web", "10.4.0.51: shop/mail") }, async () => {
    const said = await kkv(["validate", "git"])
    assert.equal(said, {
      status: 0,
      out: "note: the manifests have no Service: the check that the Services of the entries exist is skipped\n2 VIPs, 0 virtual servers: no problems (ConfigMap default/vips)\n",
      err: "",
    })
    assert.is((await kkv(["validate", "git", "--vip-ranges", "10.9.0.0/24"])).status, 1)
  }))

test.run()
