import type { Counts } from "../contract/fields.ts"
import {
  MAXIMUM_FILE_BYTES,
  MAXIMUM_FILES,
  MAXIMUM_GENERATION_BYTES,
  NODES_FILE,
  serviceFile,
  vipsFile,
} from "../contract/layout.ts"
import { contentSha256Of, type ManifestFile, type ManifestResource } from "../contract/manifest.ts"
import { decodeGenerationFile } from "../core/objects/decode.ts"
import { encodeConfigMap, encodeNodes, encodeService } from "../core/objects/encode.ts"
import type { ClusterObjects, ConfigMap, Placed, ServiceObjects } from "../core/objects/kinds.ts"
import { sourcesOf } from "../core/objects/sources.ts"
import { MOST_REFERENCES, referencesOf } from "../core/declare/references.ts"
import { memo } from "../kit/memo.ts"
import { compare, type Problem } from "../kit/problem.ts"
import { sha256Of } from "../kit/sha256.ts"
import type { SyncProblemCode } from "./problem-codes.ts"

/** A file of the next generation, with its bytes. */
export interface PublicationFile extends ManifestFile {
  readonly bytes: Buffer
}

/** Bytes of a file's line in the manifest without its name, rounded up. */
const MANIFEST_LINE_BYTES = 120

/** The content of a future generation. Equal objects give equal publications. */
export interface Publication {
  readonly contentSha256: string
  readonly counts: Counts
  readonly resources: readonly ManifestResource[]
  /** `namespace/name` of the VIP ConfigMaps, in their order. */
  readonly configMaps: readonly string[]
  /** Sorted by name. */
  readonly files: readonly PublicationFile[]
}

/** What of a reading can be published, and what is wrong with the rest. */
export interface Draft {
  /** Null: what was published last stays. */
  readonly publication: Publication | null
  readonly problems: readonly Problem<SyncProblemCode>[]
}

/** What a source gives. */
export interface Reading {
  readonly objects: ClusterObjects
  readonly problems: readonly Problem<SyncProblemCode>[]
  readonly resources: readonly ManifestResource[]
}

/** @param published Gives the text of a file of the current generation; null if it has no such file. */
export type Publish = (reading: Reading, published: (file: string) => string | null) => Draft

/**
 * Makes a `Publish` for the VIP ConfigMaps: the ConfigMaps, the Services that their entries name with their endpoints, and
 * all Nodes. It leaves out Services that do not exist; the reader reports these at the entry.
 *
 * A ConfigMap that is missing, or cannot be read, does not hold the others: it stays in the form that was published last. With
 * one ConfigMap, or none that can be read, everything that was published last stays.
 *
 * It does not encode or hash unchanged objects again.
 *
 * @param keys `namespace/name` of each ConfigMap, in the order in which they own addresses.
 */
export function createPublish(keys: readonly string[]): Publish {
  const configMapFile = memo(({ object }: Placed<ConfigMap>) =>
    publicationFile(vipsFile(object.metadata.namespace, object.metadata.name), encodeConfigMap(object)),
  )
  const nodesFile = memo((nodes: ClusterObjects["nodes"]) =>
    publicationFile(NODES_FILE, encodeNodes(nodes.map(({ object }) => object))),
  )
  const fileOfService = memo(encodedService)
  const last = new Map<string, Placed<ConfigMap>>()

  function lastOf(key: string, published: (file: string) => string | null): Placed<ConfigMap> | null {
    const known = last.get(key) ?? publishedConfigMap(key, published)
    if (known !== null) last.set(key, known)
    return known
  }

  return ({ objects, problems, resources }, published) => {
    const unreadable = new Set(problems.flatMap(({ path }) => keys.find((key) => path[0] === `ConfigMap ${key}`) ?? []))
    const current = new Map(
      keys.flatMap((key) => {
        const configMap = unreadable.has(key) ? undefined : objects.configMaps.get(key)
        return configMap === undefined ? [] : [[key, configMap] as const]
      }),
    )
    const isOfOthers = problems.some(({ path }) => !keys.some((key) => path[0] === `ConfigMap ${key}`))
    if (isOfOthers || (problems.length > 0 && current.size === 0)) return { publication: null, problems }
    const missing = keys.filter((key) => !current.has(key) && !unreadable.has(key))
    if (current.size === 0) return { publication: null, problems: missing.map((key) => configMapMissing(key, true)) }
    for (const [key, configMap] of current) last.set(key, configMap)
    const used = keys.flatMap((key) => current.get(key) ?? lastOf(key, published) ?? [])
    const found = [...problems, ...missing.map((key) => configMapMissing(key, last.has(key)))]

    const references = referencesOf(used.map(({ object }) => object))
    if (references.length > MOST_REFERENCES)
      return { publication: null, problems: [...found, tooManyReferences(references.length)] }
    const services = references
      .map(({ namespace, name }) => objects.services.get(`${namespace}/${name}`))
      .filter((service) => service !== undefined)
    const files = [...used.map(configMapFile), nodesFile(objects.nodes), ...services.map(fileOfService)]
    files.sort((a, b) => compare(a.name, b.name))
    const oversize = sizeProblem(files)
    if (oversize !== null) return { publication: null, problems: [...found, oversize] }
    const counts = {
      files: files.length,
      configMaps: used.length,
      services: services.length,
      endpoints: services.flatMap(sourcesOf).reduce((sum, { endpoints }) => sum + endpoints.length, 0),
      nodes: objects.nodes.length,
    }
    const configMaps = used.map(({ object: { metadata } }) => `${metadata.namespace}/${metadata.name}`)
    const publication = { contentSha256: contentSha256Of(files), counts, resources, configMaps, files }
    return { publication, problems: found }
  }
}

/** The ConfigMap as the current generation has it; null if it does not have it. */
function publishedConfigMap(key: string, published: (file: string) => string | null): Placed<ConfigMap> | null {
  const [namespace = "", name = ""] = key.split("/")
  const file = vipsFile(namespace, name)
  const text = published(file)
  const objects = text === null ? [] : decodeGenerationFile(file, text).objects
  return objects.find((one): one is Placed<ConfigMap> => one.object.kind === "ConfigMap") ?? null
}

function encodedService({ service, slices, endpoints }: ServiceObjects): PublicationFile {
  const { namespace, name } = service.object.metadata
  const text = encodeService({
    service: service.object,
    slices: slices.map(({ object }) => object),
    endpoints: endpoints?.object ?? null,
  })
  return publicationFile(serviceFile(namespace, name), text)
}

function publicationFile(name: string, text: string): PublicationFile {
  const bytes = Buffer.from(text)
  return { name, size: bytes.length, sha256: sha256Of(bytes), bytes }
}

function configMapMissing(key: string, wasThere: boolean): Problem<"CONFIGMAP_MISSING"> {
  const what = wasThere
    ? "what was published last stays; to remove all VIPs, keep the ConfigMap and empty its data"
    : "the other ConfigMaps are published without it; create it, or remove it from --services-configmap"
  return {
    code: "CONFIGMAP_MISSING",
    severity: "error",
    path: [`ConfigMap ${key}`],
    place: null,
    message: `Cannot find the ConfigMap "${key}" in the source: ${what}`,
  }
}

function sizeProblem(files: readonly PublicationFile[]): Problem<"GENERATION_TOO_LARGE"> | null {
  if (files.length > MAXIMUM_FILES) return tooLarge(`it has ${files.length} files, expected at most ${MAXIMUM_FILES}`)
  const large = files.find(({ size }) => size > MAXIMUM_FILE_BYTES)
  if (large !== undefined)
    return tooLarge(`${large.name} has ${large.size} bytes, expected at most ${MAXIMUM_FILE_BYTES}`)
  const manifest = files.reduce((sum, { name }) => sum + name.length + MANIFEST_LINE_BYTES, 0)
  if (manifest > MAXIMUM_FILE_BYTES) return tooLarge(`its manifest has more than ${MAXIMUM_FILE_BYTES} bytes`)
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  if (bytes <= MAXIMUM_GENERATION_BYTES) return null
  return tooLarge(`it has ${bytes} bytes, expected at most ${MAXIMUM_GENERATION_BYTES}`)
}

function tooManyReferences(count: number): Problem<"GENERATION_TOO_LARGE"> {
  return tooLarge(`its entries name ${count} Services, expected at most ${MOST_REFERENCES}`)
}

function tooLarge(what: string): Problem<"GENERATION_TOO_LARGE"> {
  return {
    code: "GENERATION_TOO_LARGE",
    severity: "error",
    path: [],
    place: null,
    message: `Cannot publish a generation: ${what}; name fewer Services`,
  }
}
