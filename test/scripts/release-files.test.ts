import { createHash } from "node:crypto"
import { mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { installText } from "../../scripts/release/install.ts"
import { readLayout } from "../../scripts/release/layout.ts"
import { basesIn, provenanceOf } from "../../scripts/release/provenance.ts"
import { run } from "../support/run.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const root = join(import.meta.dirname, "../..")
const INDEX = "application/vnd.oci.image.index.v1+json"
const MANIFEST = "application/vnd.oci.image.manifest.v1+json"
const CONFIG = "application/vnd.oci.image.config.v1+json"
const LAYER = "application/vnd.oci.image.layer.v1.tar"

/** A small layout: a tag for an index of two platforms, each with a configuration and a layer. */
async function writeLayout(
  folder: string,
  architectures = ["amd64", "arm64"],
): Promise<{ readonly layer: string; readonly digest: string }> {
  const blobs = join(folder, "blobs/sha256")
  await mkdir(blobs, { recursive: true })
  const put = async (mediaType: string, content: unknown) => {
    const text = typeof content === "string" ? content : JSON.stringify(content)
    const sha256 = createHash("sha256").update(text).digest("hex")
    await writeFile(join(blobs, sha256), text)
    return { mediaType, digest: `sha256:${sha256}`, size: Buffer.byteLength(text) }
  }
  const layer = await put(LAYER, "files")
  const manifests = await Promise.all(
    architectures.map(async (architecture, at) => {
      const config = await put(CONFIG, { os: "linux", architecture: ["amd64", "arm64"][at] })
      const manifest = await put(MANIFEST, { schemaVersion: 2, config, layers: [layer] })
      return { ...manifest, platform: { os: "linux", architecture } }
    }),
  )
  const index = await put(INDEX, { schemaVersion: 2, manifests })
  const annotations = { "org.opencontainers.image.ref.name": "1.0.0" }
  await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}')
  await writeFile(
    join(folder, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...index, annotations }] }),
  )
  return { layer: join(blobs, layer.digest.replace("sha256:", "")), digest: index.digest }
}

test("readLayout() follows an index of platforms to each blob", () =>
  withTemporaryDirectory(async (folder) => {
    const { digest } = await writeLayout(folder)
    assert.equal(readLayout(folder), {
      references: [{ name: "1.0.0", digest }],
      platforms: ["linux/amd64", "linux/arm64"],
      configs: [CONFIG],
      blobs: 6,
    })
  }))

test("readLayout() refuses an image that says of itself that it is for another platform", () =>
  withTemporaryDirectory(async (folder) => {
    await writeLayout(folder, ["amd64", "riscv64"])
    assert.throws(() => readLayout(folder), /is for linux\/arm64 \(expected linux\/riscv64\)/)
  }))

for (const [what, spoil, message] of [
  ["is missing", (blob: string) => rm(blob), /its blob sha256:[0-9a-f]+ is missing/],
  ["has other bytes", (blob: string) => writeFile(blob, "fakes"), /has the SHA-256/],
  ["is cut off", (blob: string) => writeFile(blob, "file"), /has 4 bytes \(expected 5\)/],
  ["is not led to", (blob: string) => writeFile(`${blob}0`, ""), /nothing leads to its blob/],
] as const)
  test(`readLayout() refuses a layout of which a blob ${what}`, () =>
    withTemporaryDirectory(async (folder) => {
      const { layer } = await writeLayout(folder)
      await spoil(layer)
      assert.throws(() => readLayout(folder), message)
    }))

const registry = "ghcr.io/kube-keepalived-vip"
const manifests = `      - image: ${registry}/kkv-sync:1.0.0\n        x: 1\n      - image: ${registry}/kkv-sidecar:1.0.0\n      - image: ${registry}/kkv-sidecar:1.0.0\n`
const digests = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`] as const

test("installText() names each image by version and digest", () => {
  const text = installText({ manifests, version: "1.0.0", registry, published: "r.example", digests })
  assert.equal(text.match(/image: .*/g), [
    `image: r.example/kkv-sync:1.0.0@${digests[0]}`,
    `image: r.example/kkv-sidecar:1.0.0@${digests[1]}`,
    `image: r.example/kkv-sidecar:1.0.0@${digests[1]}`,
  ])
  assert.match(text, /^# kube-keepalived-vip 1\.0\.0: kubectl apply -f install\.yaml\n/)
})

test("installText() refuses manifests of another version, and what is not a digest", () => {
  const given = { manifests, version: "1.0.0", registry, published: registry, digests }
  assert.throws(
    () => installText({ ...given, version: "1.0.1" }),
    /the manifests do not have "image: .*kkv-sync:1.0.1"/,
  )
  assert.throws(() => installText({ ...given, digests: ["", digests[1]] }), /Cannot pin kkv-sync: "" is not a digest/)
})

test("provenanceOf() names the commit and the base images by digest", () => {
  const found = provenanceOf({
    ...{ repository: "https://example.org/r", revision: "c".repeat(40), version: "1.0.0", target: "sync" },
    ...{ platforms: ["linux/amd64"], bases: [`node:24@${digests[0]}`, "debian:13"], builder: "https://example.org/ci" },
  })
  assert.equal(found, {
    buildDefinition: {
      buildType: "https://example.org/r/blob/main/docs/release.md",
      externalParameters: { version: "1.0.0", target: "sync", platforms: ["linux/amd64"] },
      internalParameters: {},
      resolvedDependencies: [
        { uri: `git+https://example.org/r@${"c".repeat(40)}`, digest: { gitCommit: "c".repeat(40) } },
        { uri: "docker://node:24", digest: { sha256: "a".repeat(64) } },
        { uri: "docker://debian:13" },
      ],
    },
    runDetails: { builder: { id: "https://example.org/ci" } },
  })
})

test("basesIn() finds both base images of the Dockerfile", () => {
  const found = basesIn("ARG NODE_IMAGE=node:24@sha256:1\nARG DEBIAN_IMAGE=debian:13@sha256:2\nARG VERSION=unknown\n")
  assert.equal(found, ["node:24@sha256:1", "debian:13@sha256:2"])
})

for (const [words, message] of [
  [["notes", "v1.0.0"], /Cannot release "v1.0.0": it is not a version/],
  [["notes", "99.0.0"], /this checkout is .*; run: node scripts\/set-version.ts 99.0.0, and commit/],
  [["layout", "/nonexistent"], /no such file/],
  [["x"], /unknown word "x"/],
] as const)
  test(`files.ts ${words.join(" ")} fails with a message`, async () => {
    const { status, stdout, stderr } = await run(process.execPath, ["scripts/release/files.ts", ...words], {
      directory: root,
    })
    assert.equal([status, stdout], [1, ""])
    assert.match(stderr, message)
  })

test.run()
