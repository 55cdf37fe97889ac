import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { contentSha256Of, decodeManifest, encodeManifest, type Manifest } from "../../../src/contract/manifest.ts"
import { sha256Of } from "../../../src/kit/sha256.ts"
import { createGenerations, readDirectory } from "../../../src/sidecar/volume/generations.ts"
import { check, point } from "./published.ts"

/** Changes a manifest and everything that vouches for it, as a writer that means it would. */
function forge(directory: string, path: string, change: (manifest: Manifest) => Manifest): void {
  const decoded = decodeManifest(readFileSync(join(path, "manifest.json"), "utf8"))
  if (decoded.kind !== "value") throw new Error("Cannot go on: there is no manifest")
  const text = encodeManifest(change(decoded.value))
  writeFileSync(join(path, "manifest.json"), text)
  point(directory, { manifestSha256: sha256Of(text) })
}

check("createGenerations() refuses forged manifests", async ({ directory, generations, path }) => {
  const original = readFileSync(join(path, "manifest.json"))
  const restore = () => {
    writeFileSync(join(path, "manifest.json"), original)
    point(directory, { manifestSha256: sha256Of(original) })
  }
  const forgeries: readonly ((manifest: Manifest) => Manifest)[] = [
    (manifest) => ({ ...manifest, files: [...manifest.files, { name: "../x.yaml", size: 1, sha256: "0".repeat(64) }] }),
    (manifest) => ({ ...manifest, files: manifest.files.slice(1) }),
    (manifest) => ({ ...manifest, sequence: 7 }),
    // Still the name of the directory, and not the checksum of the files.
    (manifest) => ({ ...manifest, contentSha256: manifest.contentSha256.slice(0, 12).padEnd(64, "0") }),
    (manifest) => ({ ...manifest, counts: { ...manifest.counts, files: 1 } }),
    (manifest) => {
      const files = [...manifest.files, ...manifest.files]
      return { ...manifest, files, counts: { ...manifest.counts, files: files.length } }
    },
  ]
  for (const [index, forgery] of forgeries.entries()) {
    forge(directory, path, forgery)
    assert.is((await generations.read()).kind, "refused", `forgery ${index}`)
    restore()
  }
  assert.is((await generations.read()).kind, "generation")
})

check("readDirectory() refuses a manifest that names a file twice", async ({ directory, path }) => {
  forge(directory, path, (manifest) => {
    const files = manifest.files.flatMap((file) => [file, file])
    return {
      ...manifest,
      files,
      contentSha256: contentSha256Of(files),
      counts: { ...manifest.counts, files: files.length },
    }
  })
  assert.is(readDirectory(path).kind, "refused")
})

check(
  "createGenerations() refuses files with problems, whoever vouches for them (fault 8)",
  async ({ directory, path }) => {
    const file = join(path, "vips/default/vips.yaml")
    const text = readFileSync(file, "utf8")
    // Every cut of the file, with the checksums of the cut: it parses or it is refused, and nothing throws.
    for (let end = 0; end < text.length; end++) {
      const cut = text.slice(0, end)
      writeFileSync(file, cut)
      const target = join(directory, "generations")
      forge(directory, path, (manifest) => {
        const files = manifest.files.map((one) =>
          one.name === "vips/default/vips.yaml" ? { ...one, size: end, sha256: sha256Of(cut) } : one,
        )
        return { ...manifest, files, contentSha256: contentSha256Of(files) }
      })
      const reading = await createGenerations({ directory, alarm: () => {} }).read()
      assert.ok(reading.kind === "refused", `cut at ${end} in ${target}`)
    }
  },
)

test.run()
