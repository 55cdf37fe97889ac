import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import {
  contentSha256Of,
  contradictionIn,
  decodeManifest,
  encodeManifest,
  type Manifest,
} from "../../src/contract/manifest.ts"
import { MAXIMUM_FILE_BYTES, MAXIMUM_FILES } from "../../src/contract/layout.ts"
import { sha256Of } from "../../src/kit/sha256.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const manifest: Manifest = {
  sequence: 3,
  contentSha256: "b".repeat(64),
  counts: { files: 2, configMaps: 1, services: 0, endpoints: 0, nodes: 1 },
  resources: [{ resource: "configmaps", listed: true, resourceVersion: null }],
  configMaps: ["default/vips"],
  files: [
    { name: "nodes.json", size: 10, sha256: "c".repeat(64) },
    { name: "vips/default/vips.yaml", size: 20, sha256: "d".repeat(64) },
  ],
}

test("decodeManifest() gives back what encodeManifest() was given, one file a line", () => {
  const text = encodeManifest(manifest)
  const decoded = decodeManifest(text)
  assert.is(decoded.kind === "value" ? encodeManifest(decoded.value) : "", text)
  assert.is(text.split("\n").filter((line) => line.includes('"name"')).length, 2)
})

test("encodeManifest() of nothing is still a manifest", () => {
  assert.is(decodeManifest(encodeManifest({ ...manifest, files: [], resources: [] })).kind, "value")
})

for (const name of [
  "../vips.yaml",
  "vips.yaml",
  "vips/default/../vips.yaml",
  "vips/default/.vips.yaml",
  `vips/default/${"b".repeat(251)}.yaml`,
  "/etc/passwd",
  "services/../../x.json",
  "services/a/b/c.json",
  "services/A/b.json",
  "services/a/.json",
  `services/a/${"b".repeat(64)}.yaml`,
  "services/a/b.json\n",
  "manifest.json",
  "",
]) {
  test(`decodeManifest() refuses a file called ${JSON.stringify(name)}`, () => {
    const files = [{ name, size: 1, sha256: "c".repeat(64) }]
    assert.is(decodeManifest(encodeManifest({ ...manifest, files })).kind, "problems")
  })
}

test("decodeManifest() refuses a file above the limit", () => {
  const files = [{ name: "vips/default/vips.yaml", size: 2 * 1024 * 1024, sha256: "c".repeat(64) }]
  assert.is(decodeManifest(encodeManifest({ ...manifest, files })).kind, "problems")
})

const fileOf = (name: string) => ({ name: `services/a/${name}.json`, size: 1, sha256: "c".repeat(64) })

/** What `contradictionIn()` says of a manifest whose sums are right. */
function contradictionOf(files: Manifest["files"], lies: Partial<Manifest> = {}): string | null {
  const counts = { ...manifest.counts, files: files.length }
  const text = encodeManifest({
    ...manifest,
    configMaps: [],
    files,
    counts,
    contentSha256: contentSha256Of(files),
    ...lies,
  })
  const decoded = decodeManifest(text)
  return decoded.kind === "value" ? contradictionIn(decoded.value) : "not read"
}

test("contradictionIn() says when the checksum or the count of files is wrong", () => {
  const files = [fileOf("a"), fileOf("b")]
  assert.is(contradictionOf(files), null)
  assert.match(contradictionOf(files, { contentSha256: "b".repeat(64) }) ?? "", "contentSha256")
  assert.match(contradictionOf(files, { counts: { ...manifest.counts, files: 3 } }) ?? "", "counts 3 files and names 2")
})

const listings: readonly [configMaps: string[], files: string[], isRight: boolean][] = [
  [["default/vips"], ["vips/default/vips.yaml"], true],
  [["kube-system/vips", "default/vips"], ["vips/default/vips.yaml", "vips/kube-system/vips.yaml"], true],
  [["default/vips"], [], false],
  [[], ["vips/default/vips.yaml"], false],
  [["default/vips", "default/vips"], ["vips/default/vips.yaml"], false],
  [["default/other"], ["vips/default/vips.yaml"], false],
]
for (const [configMaps, names, isRight] of listings)
  test(`contradictionIn() compares the ConfigMaps ${configMaps.join(", ")} with the files ${names.join(", ")}`, () => {
    const files = names.map((name) => ({ name, size: 1, sha256: "c".repeat(64) }))
    assert.is(contradictionOf(files, { configMaps }) === null, isRight)
  })

test("contradictionIn() says when the files are too large together", () => {
  const said = [32, 33].map((count) =>
    contradictionOf(
      Array.from({ length: count }, (_, at) => ({ ...fileOf(String(at + 10)), size: MAXIMUM_FILE_BYTES })),
    ),
  )
  assert.equal(said, [null, "its files have 34603008 bytes, expected at most 33554432"])
})

test("contradictionIn() says when a file is in the wrong place, or listed twice", () => {
  const base = "bdfhj"
  for (let at = 0; at <= base.length; at += 1)
    for (const name of "abcdefghijk") {
      const letters = `${base.slice(0, at)}${name}${base.slice(at)}`
      const isInOrder = Array.from(letters).every((one, index) => index === 0 || (letters[index - 1] ?? "") < one)
      assert.is(contradictionOf(Array.from(letters, fileOf)) === null, isInOrder, letters)
    }
})

test("decodeManifest() refuses more files than a generation may have", () => {
  const files = Array.from({ length: MAXIMUM_FILES + 1 }, (_, at) => fileOf(String(at + 10_000)))
  const kinds = [files.slice(1), files].map((some) => decodeManifest(encodeManifest({ ...manifest, files: some })).kind)
  assert.equal(kinds, ["value", "problems"])
})

test("contentSha256Of() is the checksum of what sha256sum prints", () =>
  withTemporaryDirectory(async (directory) => {
    const files = ["a.yaml", "b.yaml"].map((name) => {
      writeFileSync(join(directory, name), name)
      return { name, sha256: sha256Of(name) }
    })
    const sums = execFileSync("sha256sum", ["a.yaml", "b.yaml"], { cwd: directory })
    assert.is(contentSha256Of(files), sha256Of(sums))
  }))

test.run()
