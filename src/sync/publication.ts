import type { Counts } from "../contract/shared-fields.ts"
import {
  MAXIMUM_FILE_BYTES,
  MAXIMUM_FILES,
  MAXIMUM_GENERATION_BYTES,
  NODES_FILE,
  serviceFile,
  vipsFile,
} from "../contract/layout.ts"
import { contentSha256Of, type ManifestFile, type ManifestResource } from "../contract/manifest.ts"
import { encodeConfigMap, encodeNodes, encodeService } from "../core/objects/encode.ts"
import type { ClusterObjects, ConfigMap, Placed, ServiceObjects } from "../core/objects/kinds.ts"
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
  /** Sorted by name. */
  readonly files: readonly PublicationFile[]
}

/** Makes a publication of the objects that one ConfigMap names, or says why this is not possible. */
export type Publish = (
  objects: ClusterObjects,
  resources: readonly ManifestResource[],
) => Publication | readonly Problem<SyncProblemCode>[]

/**
 * Makes a `Publish` for one VIP ConfigMap: that ConfigMap, the Services that its entries name with their endpoints, and all
 * Nodes. It leaves out Services that do not exist; the reader reports these at the entry.
 *
 * It does not encode or hash unchanged objects again.
 *
 * @param configMapKey `namespace/name`.
 */
export function createPublish(configMapKey: string): Publish {
  const configMapFile = memo(({ object }: Placed<ConfigMap>) =>
    publicationFile(vipsFile(object.metadata.namespace, object.metadata.name), encodeConfigMap(object)),
  )
  const nodesFile = memo((nodes: ClusterObjects["nodes"]) =>
    publicationFile(NODES_FILE, encodeNodes(nodes.map(({ object }) => object))),
  )
  const fileOfService = memo(encodedService)
  return (objects, resources) => {
    const configMap = objects.configMaps.get(configMapKey)
    if (configMap === undefined) return [configMapMissing(configMapKey)]
    const references = referencesOf(configMap.object)
    if (references.length > MOST_REFERENCES) return [tooManyReferences(references.length)]
    const services = references
      .map(({ namespace, name }) => objects.services.get(`${namespace}/${name}`))
      .filter((service) => service !== undefined)
    const files = [configMapFile(configMap), nodesFile(objects.nodes), ...services.map(fileOfService)]
    files.sort((a, b) => compare(a.name, b.name))
    const oversize = sizeProblem(files)
    if (oversize !== null) return [oversize]
    const counts = {
      files: files.length,
      configMaps: 1,
      services: services.length,
      endpoints: services.reduce((sum, service) => sum + endpointCount(service), 0),
      nodes: objects.nodes.length,
    }
    return { contentSha256: contentSha256Of(files), counts, resources, files }
  }
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

/** Endpoints count only if a Service has no slice: they have the same content. */
function endpointCount({ slices, endpoints }: ServiceObjects): number {
  if (slices.length > 0) return slices.reduce((sum, { object }) => sum + object.endpoints.length, 0)
  return (endpoints?.object.subsets ?? []).reduce((sum, { addresses }) => sum + addresses.length, 0)
}

function configMapMissing(key: string): Problem<"CONFIGMAP_MISSING"> {
  return {
    code: "CONFIGMAP_MISSING",
    severity: "error",
    path: [`ConfigMap ${key}`],
    place: null,
    message:
      `Cannot find the ConfigMap "${key}" in the source: what was published last stays; ` +
      "to remove all VIPs, keep the ConfigMap and empty its data",
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
    message: `Cannot publish a generation: ${what}; name fewer Services in one ConfigMap`,
  }
}
