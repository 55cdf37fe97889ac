import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

import { configMapIn, generationName } from "../../src/contract/layout.ts"
import { contentSha256Of, encodeManifest } from "../../src/contract/manifest.ts"
import { decodeFile } from "../../src/core/objects/decode.ts"
import { createJoin } from "../../src/core/objects/join.ts"
import { sha256Of } from "../../src/kit/sha256.ts"
import type { Publisher, SourceReading } from "../../src/sync/ports.ts"
import { createPublish, type Publication } from "../../src/sync/publication.ts"
import { createPublisher } from "../../src/sync/volume/publisher.ts"

/** Writes files below a directory, making the directories on the way. */
export function writeTree(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
}

/** A generation of these files, whatever is in them, with a manifest that holds true. */
export function writeGeneration(
  generations: string,
  sequence: number,
  texts: Readonly<Record<string, string>>,
): { readonly path: string; readonly name: string; readonly manifestSha256: string } {
  const files = Object.entries(texts)
    .map(([name, text]) => ({ name, size: Buffer.byteLength(text), sha256: sha256Of(text) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const contentSha256 = contentSha256Of(files)
  const counts = { files: files.length, configMaps: 0, services: 0, endpoints: 0, nodes: 0 }
  const configMaps = files.flatMap(({ name }) => configMapIn(name) ?? [])
  const manifest = encodeManifest({ sequence, contentSha256, counts, resources: [], configMaps, files })
  const name = generationName(sequence, contentSha256)
  writeTree(join(generations, name), { ...texts, "manifest.json": manifest })
  return { path: join(generations, name), name, manifestSha256: sha256Of(manifest) }
}

/** What sync would publish of these manifests; the ConfigMap is default/vips. */
export function publicationOf(...texts: readonly string[]): Publication {
  const { publication, problems } = createPublish(["default/vips"])(readingOf(...texts), () => null)
  if (publication !== null) return publication
  throw new Error(problems.map(({ message }) => message).join("; "))
}

/** What a source gives of these manifests. */
export function readingOf(...texts: readonly string[]): Extract<SourceReading, { readonly kind: "objects" }> {
  const { value, problems } = createJoin()(texts.map((text, index) => decodeFile(`${index}.yaml`, text)))
  return { kind: "objects", objects: value, problems, resources: [] }
}

/** A writer of the volume; each number is another life of it. */
export function publisherOf(directory: string, life = 1, retain = 5): Publisher {
  const trouble = (error: unknown) => {
    throw error
  }
  const writer = { bootId: "boot", pid: life, startedAtUptime: life }
  const publisher = createPublisher({ directory, retain, writer, trouble, gaveUp: () => {} })
  publisher.open()
  return publisher
}
