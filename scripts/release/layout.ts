import { createHash } from "node:crypto"
import { existsSync, readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"

import * as z from "zod"

/** How a blob of an OCI layout is named. */
const DIGEST = /^sha256:([0-9a-f]{64})$/
/** The annotation with the tag of what the index leads to. */
const REFERENCE = "org.opencontainers.image.ref.name"

const platformSchema = z.looseObject({ os: z.string(), architecture: z.string() })
const descriptorSchema = z.looseObject({
  mediaType: z.string(),
  digest: z.string().regex(DIGEST),
  size: z.int().min(0),
  platform: platformSchema.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
})
type Descriptor = z.infer<typeof descriptorSchema>

/** An index, or the manifest of an image or an artefact. */
const nodeSchema = z.looseObject({
  schemaVersion: z.literal(2),
  manifests: z.array(descriptorSchema).default([]),
  config: descriptorSchema.optional(),
  layers: z.array(descriptorSchema).default([]),
})

/** What is in a layout. */
export interface Layout {
  /** The references of its index, such as `1.0.0`, each with its digest. */
  readonly references: readonly { readonly name: string; readonly digest: string }[]
  /** `os/architecture` of all images. */
  readonly platforms: readonly string[]
  /** Media types of all configurations: an image's, a chart's, a signature's. */
  readonly configs: readonly string[]
  readonly blobs: number
}

/**
 * Reads an OCI layout, and proves that each blob that its index leads to is there with its size and its SHA-256.
 *
 * @throws With the blob and what is wrong with it; and where the folder is not an OCI layout, or has a blob that nothing leads to.
 */
export function readLayout(folder: string): Layout {
  const version = z.looseObject({ imageLayoutVersion: z.literal("1.0.0") })
  version.parse(JSON.parse(readFileSync(join(folder, "oci-layout"), "utf8")))
  const index = nodeSchema.parse(JSON.parse(readFileSync(join(folder, "index.json"), "utf8")))
  const seen = new Map<string, Descriptor>()
  const configs = new Set<string>()
  const waiting = [...index.manifests]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next.digest)) continue
    seen.set(next.digest, next)
    const bytes = blobOf(folder, next)
    if (!/(manifest|index|manifest\.list)\.v[12]\+json$/.test(next.mediaType)) continue
    const { manifests, config, layers } = nodeSchema.parse(JSON.parse(bytes.toString("utf8")))
    if (config !== undefined) configs.add(config.mediaType)
    if (config !== undefined && next.platform !== undefined) checkPlatform(folder, next, blobOf(folder, config))
    waiting.push(...manifests, ...layers, ...(config === undefined ? [] : [config]))
  }
  const stray = readdirSync(join(folder, "blobs/sha256")).find((name) => !seen.has(`sha256:${name}`))
  if (stray !== undefined) throw new Error(`Cannot use ${folder}: nothing leads to its blob ${stray}`)
  const platforms = [...seen.values()].flatMap(({ platform }) =>
    platform === undefined ? [] : [`${platform.os}/${platform.architecture}`],
  )
  return {
    references: index.manifests.map(({ digest, annotations = {} }) => ({ name: annotations[REFERENCE] ?? "", digest })),
    platforms: [...new Set(platforms)].toSorted(),
    configs: [...configs].toSorted(),
    blobs: seen.size,
  }
}

/** The index says which machines an image is for, and the image says it too: a builder that mixes them up is found here. */
function checkPlatform(folder: string, { digest, platform }: Descriptor, config: Buffer): void {
  const { os, architecture } = platformSchema.parse(JSON.parse(config.toString("utf8")))
  if (os !== platform?.os || architecture !== platform.architecture)
    throw new Error(
      `Cannot use ${folder}: the image ${digest} is for ${os}/${architecture} (expected ${platform?.os}/${platform?.architecture})`,
    )
}

function blobOf(folder: string, { digest, size }: Descriptor): Buffer {
  const name = DIGEST.exec(digest)?.[1] ?? ""
  const path = join(folder, "blobs/sha256", name)
  if (!existsSync(path)) throw new Error(`Cannot use ${folder}: its blob ${digest} is missing`)
  const bytes = readFileSync(path)
  if (bytes.length !== size)
    throw new Error(`Cannot use ${folder}: ${digest} has ${bytes.length} bytes (expected ${size})`)
  const found = createHash("sha256").update(bytes).digest("hex")
  if (found !== name) throw new Error(`Cannot use ${folder}: the blob ${digest} has the SHA-256 ${found}`)
  return bytes
}
