import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { contentSha256Of, decodeManifest, encodeManifest, type Manifest } from "../../src/contract/manifest.ts"
import { MAXIMUM_FILE_BYTES, MAXIMUM_FILES } from "../../src/contract/layout.ts"
import { createManifestDecoder, decodeCheckedManifest } from "../../src/contract/manifest-decoder.ts"
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
const anyFiles = fc.oneof(
  fc.array(anyFile, { maxLength: 12 }),
  // As they should be: in order, each once.
  fc
    .uniqueArray(anyFile, { maxLength: 12, selector: ({ name }) => name })
    .map((files) => files.filter(({ size }) => size < 3).toSorted((a, b) => (a.name < b.name ? -1 : 1))),
)
const anyText = fc
  .record({
    files: anyFiles,
    resources: fc.constantFrom(manifest.resources, []),
    lies: fc.boolean(),
    cut: fc.option(fc.record({ at: fc.nat(), lasting: fc.nat(3), by: fc.constantFrom("", "{", "]", ",", "\n", '"') }), {
      freq: 2,
    }),
  })
  .map(({ files, resources, lies, cut }) => {
    const contentSha256 = lies ? manifest.contentSha256 : contentSha256Of(files)
    const counts = { ...manifest.counts, files: files.length }
    const text = encodeManifest({ ...manifest, contentSha256, counts, files, resources })
    if (cut === null) return text
    const at = cut.at % text.length
    return `${text.slice(0, at)}${cut.by}${text.slice(at + cut.lasting)}`
  })

test("createManifestDecoder() gives what decodeCheckedManifest() gives, whatever it read before", () => {
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 10 }), (texts) => {
      const decode = createManifestDecoder()
      for (const text of texts) assert.equal(decode(Buffer.from(text)), decodeCheckedManifest(Buffer.from(text)))
    }),
    { numRuns: 1000 },
  )
})

test("createManifestDecoder() gives what decodeCheckedManifest() gives, whatever is done to a text that it knows", () => {
  const files = Array.from("bdfhjln", (name) => fileOf(name))
  const base = encodeManifest({ ...manifest, files })
  const line = Array.from("abcno", (name) => `    ${JSON.stringify(fileOf(name))}`)
  const insert = fc.constantFrom(
    "",
    "\n",
    ",",
    ",\n",
    " ",
    "x",
    "]",
    ...line.flatMap((one) => [`${one},\n`, `\n${one},`]),
  )
  // Where a line ends and the next one begins is where most can go wrong.
  const ends = Array.from(base.matchAll(/\n/g), ({ index }) => index)
  const at = fc.oneof(fc.nat(base.length), fc.constantFrom(...ends.flatMap((end) => [end - 1, end, end + 1])))
  const edit = fc.record({ at, remove: fc.oneof(fc.nat(2), fc.constant((line[0] ?? "").length + 2)), insert })
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 3 }), (edits) => {
      const decode = createManifestDecoder()
      for (const { at, remove, insert } of edits) {
        for (const text of [base, base.slice(0, at) + insert + base.slice(at + remove)])
          assert.equal(decode(Buffer.from(text)), decodeCheckedManifest(Buffer.from(text)), text)
      }
    }),
    { numRuns: 2000 },
  )
})

function fileOf(name: string, sha256 = "c") {
  return { name: `services/a/${name}.yaml`, size: 1, sha256: sha256.repeat(64) }
}

for (const [what, before, after, same] of [
  ["nothing changed", "abc", "abc", "abc"],
  ["one changed", "abcde", "abCde", "abde"],
  ["the first changed", "abc", "Abc", "bc"],
  ["the last changed", "abc", "abC", "ab"],
  ["two changed", "abcde", "aBcDe", "ae"],
  ["one came", "abde", "abcde", "abde"],
  ["the first came", "bc", "abc", "bc"],
  ["the last came", "ab", "abc", "ab"],
  ["one went", "abcde", "abde", "abde"],
  ["the first went", "abc", "bc", "bc"],
  ["the last went", "abc", "ab", "ab"],
  ["all went but one", "abc", "b", ""],
] as const)
  test(`createManifestDecoder() gives the same objects where ${what}`, () => {
    const decode = createManifestDecoder()
    // A capital letter is the same name with another checksum.
    const filesOf = (letters: string) => {
      const files = Array.from(letters, (one) => fileOf(one.toLowerCase(), one === one.toLowerCase() ? "c" : "d"))
      const decoded = decode(Buffer.from(encodeManifest({ ...manifest, files })))
      return decoded.kind === "value" ? decoded.value.manifest.files : []
    }
    const [old, now] = [filesOf(before), filesOf(after)]
    const kept = now.filter((file) => old.includes(file)).map(({ name }) => name)
    assert.equal(
      kept,
      Array.from(same, (one) => fileOf(one).name),
    )
    assert.is(now.length, after.length)
  })

test("createManifestDecoder() says so where files that came make a generation too large, and no more when they went", () => {
  const decode = createManifestDecoder()
  const contradictions = [32, 33, 32].map((count) => {
    const files = Array.from({ length: count }, (_, at) => ({ ...fileOf(String(at + 10)), size: MAXIMUM_FILE_BYTES }))
    const counts = { ...manifest.counts, files: count }
    const text = encodeManifest({ ...manifest, files, counts, contentSha256: contentSha256Of(files) })
    assert.equal(decode(Buffer.from(text)), decodeCheckedManifest(Buffer.from(text)))
    const decoded = decode(Buffer.from(text))
    return decoded.kind === "value" ? decoded.value.contradiction : "not read"
  })
  assert.equal(contradictions, [null, "its files have 34603008 bytes, wanted at most 33554432", null])
})

test("createManifestDecoder() says so where a file that came stands in the wrong place, or twice", () => {
  const base = "bdfhj"
  const truly = (letters: string) => {
    const files = Array.from(letters, (name) => fileOf(name))
    const counts = { ...manifest.counts, files: files.length }
    return encodeManifest({ ...manifest, files, counts, contentSha256: contentSha256Of(files) })
  }
  for (let at = 0; at <= base.length; at += 1)
    for (const name of "abcdefghijk") {
      const decode = createManifestDecoder()
      decode(Buffer.from(truly(base)))
      const letters = `${base.slice(0, at)}${name}${base.slice(at)}`
      const decoded = decode(Buffer.from(truly(letters)))
      const isInOrder = Array.from(letters).every((one, index) => index === 0 || (letters[index - 1] ?? "") < one)
      assert.is(decoded.kind === "value" && decoded.value.contradiction === null, isInOrder, letters)
    }
})

test("createManifestDecoder() refuses more files than a generation may have", () => {
  const files = Array.from({ length: MAXIMUM_FILES + 1 }, (_, at) => fileOf(String(at + 10_000)))
  const decode = createManifestDecoder()
  const kinds = [files.slice(1), files].map(
    (some) => decode(Buffer.from(encodeManifest({ ...manifest, files: some }))).kind,
  )
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
