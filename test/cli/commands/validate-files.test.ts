import { mkdir, rm, symlink, writeFile } from "node:fs/promises"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { codesOf, kkv } from "../support/kkv.ts"
import { configMap, GOOD, GOOD_LINE, inTree, underGit } from "../support/manifests.ts"

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
