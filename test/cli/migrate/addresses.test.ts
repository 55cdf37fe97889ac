import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { stringify } from "yaml"

import { kkv } from "../support/kkv.ts"
import { inTree, type Tree } from "../support/manifests.ts"

/*
 * No address of the input is lost: it is in the manifests or in the report. And nothing of a hostile input is markup in the report.
 */

const RUNS = { numRuns: Number(process.env["NUM_RUNS"] ?? 60) }
/** Few numbers, so that addresses are equal often. */
const address = fc
  .tuple(fc.constantFrom(9, 10, 127, 224), fc.nat(2), fc.nat(255))
  .map(([a, b, c]) => `${a}.4.${b}.${c}`)
const hostile = fc.constantFrom(
  ...[
    "a/b",
    "a/b:DR",
    "",
    "x|y`z`",
    "<script>alert(1)</script>",
    "\u001b[31mred",
    "a/b\nc/d:NAT",
    "[x](http://y)",
    "a/b:PROXY",
  ],
  ...["'\"", "@team", "\u202eabc", "{{ .Values }}", "a: b", "# no"],
)

/** All that a migration writes; its report alone; what it printed. */
async function migrated(from: string, tree: Tree) {
  return inTree(tree, async () => {
    const paths = Object.keys(tree)
    const said = await kkv(["migrate", "--from", from, ...paths, "--out", "out"])
    assert.ok(said.status < 2, said.err)
    const files = readdirSync("out", { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const texts = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    return { all: texts.join("\n"), report: readFileSync("out/REPORT.md", "utf8"), status: said.status }
  })
}

function assertWhole({ all, report }: { all: string; report: string }, addresses: readonly string[]): void {
  for (const one of addresses)
    assert.ok(new RegExp(`(?<![\\d.])${one.replaceAll(".", "[.]")}(?![\\d.])`).test(all), one)
  // oxlint-disable-next-line no-control-regex
  assert.not.match(
    report,
    /<|(?<!\\)`(?!kkv|kube|values|helm)[xz]|[\u0000-\u0009\u000b-\u001f\u202e]|(?<!\\)\]\(|@team/,
  )
  const rows = report.split("\n").filter((line) => line.startsWith("| "))
  for (const row of rows) assert.ok([4, 5].includes(row.split(/(?<!\\)\|/).length - 1), row)
}

test("kkv migrate --from 0.35 loses no entry of any ConfigMap or values", () =>
  fc.assert(
    fc.asyncProperty(fc.dictionary(address, hostile, { minKeys: 1 }), fc.boolean(), async (data, isHelm) => {
      const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "vips" }, data }
      const text = stringify(isHelm ? { keepalived: { config: data } } : configMap)
      assertWhole(await migrated("0.35", { "vips.yaml": text }), Object.keys(data))
    }),
    RUNS,
  ))

test("kkv migrate --from 0.35 loses no entry of a file that it cannot read", async () => {
  const broken = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vips}\ndata:\n  10.4.0.50:\n  10.4.0.51: a/b\n"
  const good = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\ndata: {10.4.0.60: a/b}\n"
  const result = await migrated("0.35", { "broken.yaml": broken, "good.yaml": good })
  assertWhole(result, ["10.4.0.50", "10.4.0.51", "10.4.0.60"])
  assert.is(result.status, 1)
})

const word = fc.constantFrom("eth0", "dev", "eth1", "label", "x|y", "<b>", "}", "{", '"', "!", "10", "include", "/24")
const statement = fc.oneof(
  address.map((one) => `virtual_ipaddress {\n ${one}/24\n}`),
  fc.array(address, { minLength: 1, maxLength: 3 }).map((some) => `virtual_ipaddress_excluded { ${some.join(" ")} }`),
  address.map((one) => `virtual_ipaddress {\n@n1 ${one}\n${one} dev eth1\n}`),
  address.map((one) => `virtual_routes { ${one} via 10.4.0.1 }`),
  fc.array(word, { maxLength: 4 }).map((words) => words.join(" ")),
)

test("kkv migrate --from keepalived loses no address of any file", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(statement, { maxLength: 6 }),
      fc.array(fc.tuple(address, fc.nat(70_000), address, fc.constantFrom("NAT", "DR", "TUN", "<i>")), {
        maxLength: 4,
      }),
      async (statements, servers) => {
        const text = [
          "vrrp_instance a {\ninterface eth0\nvirtual_ipaddress { 10.4.9.9 }",
          ...statements,
          "}",
          ...servers.map(
            ([vip, port, real, method]) =>
              `virtual_server ${vip} ${port} {\nlb_kind ${method}\nreal_server ${real} 80 { }\n}`,
          ),
        ].join("\n")
        const uncommented = text.replaceAll(/[!#].*/g, "")
        const addresses = uncommented.match(/(?<![\d.])\d+\.\d+\.\d+\.\d+(?![\d.])/g) ?? []
        assertWhole(await migrated("keepalived", { "keepalived.conf": text }), addresses)
      },
    ),
    RUNS,
  ))

test("kkv migrate --from externalips loses no address, and a patch leaves what is not an entry", () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.array(address, { maxLength: 3 }), { minLength: 1, maxLength: 4 }), async (lists) => {
      const services = lists.map((externalIPs, at) => ({
        ...{ apiVersion: "v1", kind: "Service", metadata: { name: `s${at}`, namespace: "shop" } },
        spec: { externalIPs: ["10.4.9.9", ...externalIPs], ports: [{ port: 80 + at }] },
      }))
      const text = services.map((one) => stringify(one)).join("---\n")
      assertWhole(await migrated("externalips", { "services.yaml": text }), lists.flat())
    }),
    RUNS,
  ))

test.run()
