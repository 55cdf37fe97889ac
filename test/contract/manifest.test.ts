import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"

import {
  contentSha256Of,
  createManifestDecoder,
  decodeManifest,
  encodeManifest,
  type Manifest,
} from "../../src/contract/manifest.ts"
import { sha256Of } from "../../src/contract/sha256.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const manifest: Manifest = {
  sequence: 3,
  contentSha256: "b".repeat(64),
  counts: { files: 2, configMaps: 1, services: 0, endpoints: 0, nodes: 1 },
  resources: [{ resource: "configmaps", listed: true, resourceVersion: null }],
  files: [
    { name: "nodes.yaml", size: 10, sha256: "c".repeat(64) },
    { name: "vips.yaml", size: 20, sha256: "d".repeat(64) },
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
  "/etc/passwd",
  "services/../../x.yaml",
  "services/a/b/c.yaml",
  "services/A/b.yaml",
  "services/a/.yaml",
  `services/a/${"b".repeat(64)}.yaml`,
  "services/a/b.yaml\n",
  "manifest.json",
  "",
]) {
  test(`decodeManifest() refuses a file called ${JSON.stringify(name)}`, () => {
    const files = [{ name, size: 1, sha256: "c".repeat(64) }]
    assert.is(decodeManifest(encodeManifest({ ...manifest, files })).kind, "problems")
  })
}

test("decodeManifest() refuses a file above the limit", () => {
  const files = [{ name: "vips.yaml", size: 2 * 1024 * 1024, sha256: "c".repeat(64) }]
  assert.is(decodeManifest(encodeManifest({ ...manifest, files })).kind, "problems")
})

const anyFile = fc.record({
  name: fc.constantFrom(
    "nodes.yaml",
    "vips.yaml",
    ..."abcdefgh".split("").map((name) => `services/default/${name}.yaml`),
  ),
  size: fc.constantFrom(0, 1, 2, 2 * 1024 * 1024),
  sha256: fc.constantFrom("c".repeat(64), "d".repeat(64), "no checksum"),
})
const anyText = fc
  .record({
    files: fc.array(anyFile, { maxLength: 12 }),
    resources: fc.constantFrom(manifest.resources, []),
    cut: fc.option(fc.record({ at: fc.nat(), lasting: fc.nat(3), by: fc.constantFrom("", "{", "]", ",", "\n", '"') })),
  })
  .map(({ files, resources, cut }) => {
    const text = encodeManifest({ ...manifest, files, resources })
    if (cut === null) return text
    const at = cut.at % text.length
    return `${text.slice(0, at)}${cut.by}${text.slice(at + cut.lasting)}`
  })

test("createManifestDecoder() gives what decodeManifest() gives, whatever it read before", () => {
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 6 }), (texts) => {
      const decode = createManifestDecoder()
      for (const text of texts) assert.equal(decode(text), decodeManifest(text))
    }),
    { numRuns: 500 },
  )
})

test("createManifestDecoder() gives the same object for the same line", () => {
  const decode = createManifestDecoder()
  const filesOf = (text: string) => {
    const decoded = decode(text)
    return decoded.kind === "value" ? decoded.value.files : []
  }
  const before = filesOf(encodeManifest(manifest))
  const more = [{ name: "a.yaml", size: 1, sha256: "a".repeat(64) }, ...manifest.files].slice(0, 2)
  const after = filesOf(encodeManifest({ ...manifest, sequence: 4, files: more.slice(1) }))
  assert.is(after[0], before[0])
  assert.is.not(before[0], undefined)
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
