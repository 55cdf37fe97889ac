import { test } from "uvu"
import * as assert from "uvu/assert"
import { codesOf, kkv } from "../support/kkv.ts"
import { configMap, GOOD, GOOD_LINE, inTree, service, slice, type Tree, underGit } from "../support/manifests.ts"

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

test.run()
