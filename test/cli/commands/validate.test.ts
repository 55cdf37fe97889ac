import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { mkdir, rm, symlink, writeFile } from "node:fs/promises"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { kkv } from "../support/kkv.ts"
import { vipsText } from "../../support/manifests.ts"
import { writeGeneration } from "../../support/volume.ts"
import { configMap, GOOD, GOOD_LINE, inTree, service, slice, type Tree } from "../support/manifests.ts"

interface Case {
  readonly name: string
  /** Lines of the ConfigMap after the good one: the first stands in line 8. */
  readonly lines: readonly string[]
  readonly files?: Tree
  /** `file:line:column: CODE` of every problem. */
  readonly problems: readonly string[]
  /** Text that must never reach keepalived.conf. */
  readonly never?: string
}

const long = "a".repeat(253)

const entries: readonly Case[] = [
  { name: "number above 255", lines: ["10.4.0.999: a/b"], problems: ["git/vips.yaml:8:3: BAD_ADDRESS"] },
  { name: "no address", lines: ["foo: a/b"], problems: ["git/vips.yaml:8:3: BAD_ADDRESS"] },
  { name: "leading zero", lines: ["010.4.0.50: a/b"], problems: ["git/vips.yaml:8:3: BAD_ADDRESS"] },
  { name: "prefix length", lines: ["10.4.0.50/24: a/b"], problems: ["git/vips.yaml:8:3: BAD_ADDRESS"] },
  { name: "method", lines: ["10.4.0.50: a/b:NATX"], problems: ["git/vips.yaml:8:3: BAD_FORWARDING_METHOD"] },
  { name: "two slashes", lines: ["10.4.0.50: a/b/c"], problems: ["git/vips.yaml:8:3: BAD_TARGET"] },
  { name: "empty name", lines: ["10.4.0.50: a//b"], problems: ["git/vips.yaml:8:3: BAD_TARGET"] },
  { name: "no such Service", lines: ["10.4.0.50: a/b"], problems: ["git/vips.yaml:8:3: SERVICE_NOT_FOUND"] },
  {
    name: "port claimed twice",
    lines: ["10.4.0.50: |", "  default/good", "  default/other"],
    files: { "other.yaml": `${service("other")}---\n${slice("other", ["10.2.0.2"])}` },
    problems: ["git/vips.yaml:8:3: PORT_CONFLICT"],
    never: "10.2.0.2",
  },
  {
    name: "DR with another target port",
    lines: ["10.4.0.50: default/mapped:DR"],
    files: { "mapped.yaml": `${service("mapped")}---\n${slice("mapped", ["10.2.0.3"])}` },
    problems: ["git/vips.yaml:8:3: PORT_MAPPING_NEEDS_NAT"],
    never: "10.2.0.3",
  },
  {
    name: "a node's own address",
    lines: ["10.4.0.4: default/good"],
    problems: ["git/vips.yaml:8:3: VIP_IS_NODE_ADDRESS"],
    never: "10.4.0.4/32",
  },
  ...["{", "}", "#", "!", "$", "@", "~", "\\", "'", '"', "include /etc/passwd", "{{vips}}", "${HOME}", "\u2028x"].map(
    (text): Case => ({
      name: `value with ${JSON.stringify(text)}`,
      lines: [`10.4.0.50: ${JSON.stringify(`default/good${text}`)}`],
      problems: ["git/vips.yaml:8:3: BAD_TARGET"],
      never: `good${text}`,
    }),
  ),
  {
    name: "value with a newline and a directive",
    lines: ['10.4.0.50: "default/good\\n}\\ninclude /etc/passwd"'],
    problems: ["git/vips.yaml:8:3: BAD_TARGET", "git/vips.yaml:8:3: BAD_TARGET"],
    never: "include",
  },
  {
    name: "Service name of 253 characters",
    lines: [`10.4.0.50: a/${long}`],
    problems: ["git/vips.yaml:8:3: BAD_TARGET"],
  },
  { name: "key of 253 characters", lines: [`${long}: a/b`], problems: ["git/vips.yaml:8:3: BAD_ADDRESS"] },
  {
    name: "Service object with a name of 253 characters",
    lines: [],
    files: { "long.yaml": service(long) },
    problems: ["git/long.yaml:4:9: OBJECT_NAME"],
  },
  {
    name: "two objects of one name",
    lines: [],
    files: { "twice.yaml": service("good") },
    problems: ["git/twice.yaml:1:1: OBJECT_DUPLICATE"],
  },
]

for (const { name, lines, files = {}, problems, never } of entries)
  test(`validate() ${name}`, () =>
    inTree(underGit({ ...GOOD, ...files, "vips.yaml": configMap(GOOD_LINE, ...lines) }), async () => {
      const said = await kkv(["validate", "git"])
      assert.equal(codesOf(said.out), problems)
      assert.is(said.status, 1)
      assert.is(said.err, "")
      const rendered = await kkv(["render", "git", "--node", "n-10.4.0.3", "--iface", "eth0"])
      assert.is(rendered.status, 1)
      assert.match(rendered.out, "10.4.0.60/32 dev eth0")
      assert.match(rendered.out, "virtual_server 10.4.0.60 80 {")
      assert.match(rendered.out, "real_server 10.2.0.1 8080 {")
      if (never !== undefined) assert.not.match(rendered.out, never)
    }))

/** Files that cannot be read as they are: the others are, and so is the good entry. */
const files: readonly (readonly [name: string, content: string | Uint8Array, problem: string])[] = [
  ["duplicate keys", "kind: Service\napiVersion: v1\nkind: Service\n", "git/bad.yaml:3:1: YAML_DUPLICATE_KEY"],
  ["a tab", "kind: Service\nmetadata:\n\tname: x\n", "git/bad.yaml:3:1: YAML_TAB"],
  ["an alias", "kind: Service\nmetadata: &m\n  name: x\nspec: *m\n", "git/bad.yaml:4:7: YAML_ALIAS"],
  ["an anchor", "kind: Service\nmetadata: &m\n  name: x\n", "git/bad.yaml:3:3: YAML_ANCHOR"],
  ["a merge key", "kind: Service\nmetadata:\n  <<: { name: x }\n", "git/bad.yaml:3:3: YAML_MERGE_KEY"],
  ["a BOM", "\ufeffkind: Service\n", "git/bad.yaml:1:1: FILE_BYTE_ORDER_MARK"],
  ["a NUL", "kind: Service\nx: a\0b\n", "git/bad.yaml:2:5: FILE_NUL"],
  ["2 MB", `kind: Service\nx: ${"a".repeat(2_000_000)}\n`, "git/bad.yaml: FILE_TOO_LARGE"],
  ["bytes that are not UTF-8", Uint8Array.of(0x6b, 0xff, 0xfe), "git/bad.yaml: SOURCE_NOT_UTF8"],
  ["half a mapping", "kind: Service\nmetadata: {\n", "git/bad.yaml:3:1: YAML_SYNTAX"],
]

for (const [name, content, problem] of files) {
  test(`validate() a file with ${name}`, () =>
    inTree(underGit({ ...GOOD, "vips.yaml": configMap(GOOD_LINE), "bad.yaml": content }), async () => {
      const said = await kkv(["validate", "git"])
      assert.ok(codesOf(said.out).includes(problem), said.out)
      assert.is(said.status, 1)
      const rendered = await kkv(["render", "git", "--node", "n-10.4.0.3", "--iface", "eth0"])
      assert.match(rendered.out, "virtual_server 10.4.0.60 80 {")
    }))
}

test("validate() a ConfigMap that cannot be read is not missed on top of it", () =>
  inTree(underGit({ ...GOOD, "vips.yaml": configMap(GOOD_LINE, GOOD_LINE) }), async () => {
    const said = await kkv(["validate", "git"])
    assert.equal(codesOf(said.out), ["git/vips.yaml:8:3: YAML_DUPLICATE_KEY"])
    assert.is((await kkv(["render", "git"])).out, "")
  }))

test("validate() a symbolic link out of the tree is refused, one inside is followed", () =>
  inTree(underGit(GOOD), async (directory) => {
    await writeFile(`${directory}/outside.yaml`, configMap(GOOD_LINE))
    await mkdir(`${directory}/git/.data`)
    await writeFile(`${directory}/git/.data/vips.yaml`, configMap(GOOD_LINE))
    await symlink("../outside.yaml", `${directory}/git/leak.yaml`)
    await symlink(".data/vips.yaml", `${directory}/git/vips.yaml`)
    await symlink("nowhere.yaml", `${directory}/git/lost.yaml`)
    await symlink(".", `${directory}/git/circle`)
    const said = await kkv(["validate", "git"])
    assert.equal(codesOf(said.out), ["git/leak.yaml: SOURCE_SYMLINK", "git/lost.yaml: SOURCE_SYMLINK"])
  }))

test("validate() what begins with a dot is left out", () =>
  inTree({ ...GOOD, "v.yaml": configMap(GOOD_LINE), ".v.yaml": "{", ".git/v.yaml": "{" }, async () => {
    assert.is((await kkv(["validate", "."])).status, 0)
  }))

test("validate() a directory that is not there is a fault", () =>
  inTree({ "git/good.yaml": "" }, async (directory) => {
    await rm(`${directory}/git`, { recursive: true })
    const said = await kkv(["validate", "git"])
    assert.is(said.status, 3)
    assert.is(said.err, 'kkv: Cannot read "git": the file or directory does not exist\n')
  }))

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

test("validate() --services-configmap chooses among several", () =>
  inTree(
    {
      ...GOOD,
      "v.yaml": configMap(GOOD_LINE),
      "x.yaml": configMap('10.4.0.77: ""').replace("name: vips", "name: other"),
    },
    async () => {
      assert.match((await kkv(["validate", "."])).out, "CONFIGMAP_AMBIGUOUS")
      assert.is((await kkv(["validate", ".", "--services-configmap", "default/vips"])).status, 0)
      assert.match((await kkv(["validate", ".", "--services-configmap", "default/nope"])).out, "CONFIGMAP_MISSING")
    },
  ))

const TWO = {
  ...GOOD,
  "v.yaml": configMap(GOOD_LINE),
  "x.yaml": configMap('10.4.0.77: ""\n  10.4.0.60: ""').replace("name: vips", "name: other"),
}
const FLAGS = ["--services-configmap", "default/vips", "--services-configmap", "default/other"]

test("validate() --services-configmap may be repeated: the first that names an address has it", () =>
  inTree(TWO, async () => {
    const { out, status } = await kkv(["validate", ".", ...FLAGS])
    assert.is(status, 1)
    assert.match(
      out,
      /^x\.yaml:8:3: ADDRESS_DECLARED_TWICE: .* for ConfigMap default\/other: .* of ConfigMap default\/vips \(v/,
    )
    assert.match(out, "(ConfigMaps default/vips, default/other)")
    const turned = await kkv(["validate", ".", "--services-configmap", "default/other, default/vips"])
    assert.match(turned.out, /ADDRESS_DECLARED_TWICE: .* for ConfigMap default\/vips: /)
    const missing = await kkv(["validate", ".", ...FLAGS, "--services-configmap", "default/gone"])
    assert.match(missing.out, 'Cannot find ConfigMap "default/gone"')
    assert.match(missing.out, "ADDRESS_DECLARED_TWICE")
  }))

test("render(), explain() and diff() take several ConfigMaps", () =>
  inTree(TWO, async () => {
    const rendered = await kkv(["render", ".", ...FLAGS])
    for (const address of ["10.4.0.60", "10.4.0.77"]) assert.match(rendered.out, `    ${address}/32 dev `)
    assert.match((await kkv(["explain", "10.4.0.77", ".", ...FLAGS])).out, "entry  x.yaml:7:3")
    assert.match((await kkv(["explain", "10.4.0.60", ".", ...FLAGS])).out, "entry  v.yaml:7:3")
    const none = await kkv(["explain", "10.4.0.1", ".", ...FLAGS])
    assert.match(none.err, /default\/vips has only .*; default\/other has only /)
    const { out } = await kkv(["diff", ".", ".", ...FLAGS])
    assert.is(out, "")
  }))

test("validate() knows the ConfigMaps of a generation, and their order", () =>
  inTree({ "a.txt": "" }, async (directory) => {
    const entries = vipsText('10.4.0.50: ""')
    const other = entries.replace("name: vips", "name: other")
    const texts = { "nodes.json": "[]", "vips/default/other.yaml": other, "vips/default/vips.yaml": entries }
    const { path } = writeGeneration(directory, 1, texts)
    const first = await kkv(["validate", path])
    assert.match(first.out, /ADDRESS_DECLARED_TWICE: .* for ConfigMap default\/vips: /)
    const manifest = join(path, "manifest.json")
    const names = ["default/other", "default/vips"]
    const turned = readFileSync(manifest, "utf8").replace(JSON.stringify(names), JSON.stringify(names.toReversed()))
    writeFileSync(manifest, turned)
    assert.match((await kkv(["validate", path])).out, /ADDRESS_DECLARED_TWICE: .* for ConfigMap default\/other: /)
  }))

test("validate() refuses a ConfigMap that is named twice", async () => {
  const { status, err } = await kkv(["validate", ".", "--services-configmap", "a/b", "--services-configmap", "a/b"])
  assert.is(status, 2)
  assert.match(err, '"a/b" is named twice')
})

test("validate() takes the only ConfigMap whose keys are addresses", () =>
  inTree(
    { ...GOOD, "v.yaml": configMap(GOOD_LINE), "x.yaml": configMap("foo: x").replace("name: vips", "name: other") },
    async () => {
      const { status, out } = await kkv(["validate", "."])
      assert.is(status, 0)
      assert.match(out, /no problems \(ConfigMap default\/vips\)\n$/)
    },
  ))

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

test("validate reads what kubectl prints of a cluster, however large", () =>
  inTree({}, async () => {
    const filler = `  annotations: {a: ${"x".repeat(20_000)}}\n`
    const maps = Array.from(
      { length: 100 },
      (_, index) => `metadata:\n  name: m${index}\n  namespace: a\n${filler}data: {}\n`,
    )
    const items = [configMap("10.4.0.50: shop/web"), ...maps.map((text) => `apiVersion: v1\nkind: ConfigMap\n${text}`)]
    const list = items.map((item) => item.trimEnd().replaceAll(/^/gm, "  ").replace("  ", "- ")).join("\n")
    const said = await kkv(["validate", "-", "--services-configmap", "default/vips"], {
      input: `apiVersion: v1\nitems:\n${list}\nkind: List\n`,
    })
    assert.is(said.status, 0, said.out)
    assert.match(said.out, /^1 VIP, /m)
  }))

test("validate reads no more than 64 MiB of anything: it ends at once, and says so", async () => {
  const said = await kkv(["validate", "/dev/zero"])
  assert.is(said.status, 1)
  assert.is(
    said.out,
    "/dev/zero: FILE_TOO_LARGE: Cannot read the file: it has more than 67108864 bytes, expected at most 64 MiB\n1 problem in 1 file\n",
  )
  assert.match((await kkv(["validate", "-"], { input: null })).out, /^<stdin>: FILE_TOO_LARGE: /)
})

test.run()

function underGit(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).map(([name, content]) => [`git/${name}`, content]))
}

/** The problem lines up to their codes. */
function codesOf(out: string): readonly string[] {
  return out.split("\n").flatMap((line) => /^.+?: (?:warning: )?[A-Z][A-Z0-9_]+(?=: )/.exec(line)?.[0] ?? [])
}
