import { createJoin } from "../../core/objects/join.ts"
import type { ConfigMap, Placed } from "../../core/objects/kinds.ts"
import type { ObjectProblemCode } from "../../core/objects/problem-codes.ts"
import { type Reference, referencesOf } from "../../core/declare/references.ts"
import type { Problem } from "../../kit/problem.ts"
import type { ClusterSource, SourceReading } from "../ports.ts"
import type { SyncProblemCode } from "../problem-codes.ts"
import type { ClusterFacts, ConfigMapIdentity } from "../report/ports.ts"
import type { ApiFault } from "../../kubernetes/api-fault.ts"
import { collectionsFor, collectionTitle, firstCollections, type ScopeInput } from "./collection.ts"
import { createMirror, type MirrorCounts, type MirrorOptions } from "./mirror.ts"
import { type Preparation, prepare } from "./prepare.ts"
import type { Reflector } from "./reflector.ts"
import { isOlder, type Stored } from "./store.ts"

/** Time between two passes while a list is missing, in ms; each list gives a call too. */
const LOOK_AGAIN_MS = 1000

/** Time that the API server has at the start before sync reports what is missing, in ms. */
const PATIENT_START_MS = 10_000

/** Maximum wait for the Services of a new entry, in ms; then sync publishes the others without them. */
const PATIENT_ENTRY_MS = 5000

export interface KubernetesSourceOptions extends Omit<MirrorOptions, "changed">, Preparation {
  readonly configMapKeys: readonly string[]
  readonly watchNamespaces: readonly string[]
  /** Called when a mirrored object has changed. */
  readonly onChange: () => void
}

export interface KubernetesSource extends ClusterSource {
  /** Maximum age of the mirror's oldest part, in ms; null before everything is listed. */
  staleMs(): number | null
  counts(): MirrorCounts
  /** The current faults of its requests; empty while all is well. */
  faults(): readonly ApiFault[]
  /** The part of the mirror that the report needs. */
  facts(): ClusterFacts
  stop(): Promise<void>
}

/**
 * The Kubernetes API as the source of objects: mirrors the VIP ConfigMaps, the objects that its entries name, and the Nodes. It
 * starts at once, but gives nothing before everything is listed. Listed objects stay while the API cannot be reached.
 */
export function startKubernetesSource(options: KubernetesSourceOptions): KubernetesSource {
  const { configMapKeys, clock, log, onChange } = options
  const firstCount = configMapKeys.length + 1
  const join = createJoin()
  const startedAt = clock.now()
  const stop = new AbortController()
  let wish: Omit<ScopeInput, "references"> | null = null
  let complete = false
  /** The last known form of each ConfigMap. */
  let known: readonly (ConfigMap | null)[] = configMapKeys.map(() => null)
  const mirror = createMirror({ ...options, onChange: lookAt })
  const preparing = prepare(options, stop.signal)
  const prepared = preparing.done.then((preparation) => {
    if (preparation === null) return
    wish = { ...preparation, configMapKeys, watchNamespaces: options.watchNamespaces }
    mirror.want(firstCollections(wish))
  })

  /** Starts to mirror new entries, without waiting for a pass. */
  function lookAt(): void {
    const first = mirror.wanted().slice(0, firstCount)
    const listed = first.length === firstCount && first.every((reflector) => reflector.listed())
    // A deleted ConfigMap names nothing new. Readers hold the objects of its last entries, so they stay mirrored.
    const newest = configMapKeys.map((key, at) => configMapOf(first[at], key) ?? known[at] ?? null)
    const isNew = newest.some((configMap, at) => configMap !== known[at])
    if (listed && wish !== null && (isNew || !complete)) {
      const references = referencesOf(newest.filter((configMap) => configMap !== null))
      if (isNew) warnOutside(references)
      if (newest.some((configMap) => configMap !== null)) mirror.want(collectionsFor({ ...wish, references }))
      known = newest
    }
    onChange()
  }

  function warnOutside(references: readonly Reference[]): void {
    const { watchNamespaces } = options
    if (watchNamespaces.length === 0) return
    const outside = references.filter(({ namespace }) => !watchNamespaces.includes(namespace))
    if (outside.length === 0) return
    const services = outside.map(({ namespace, name }) => `${namespace}/${name}`)
    log.warn("outside of --watch-namespace", { services, watchNamespaces })
  }

  function read(): SourceReading {
    const waitedMs = mirror.waitingMs()
    const waitingMs = complete ? (waitedMs ?? 0) : clock.now() - startedAt
    const wanted = mirror.wanted()
    const allListed = wanted.length > 0 && waitedMs === null
    if (!complete && !allListed) {
      if (waitingMs < PATIENT_START_MS) return { kind: "settling", retryAfterMs: LOOK_AGAIN_MS }
      return { kind: "objects", ...NOTHING, problems: [unreachable(wanted, preparing.fault())], resources: [] }
    }
    if (!allListed && waitingMs < PATIENT_ENTRY_MS) {
      return { kind: "settling", retryAfterMs: PATIENT_ENTRY_MS - waitingMs }
    }
    complete = true
    const { placed, problems } = gather([...wanted, ...mirror.retiring()])
    const joined = join([{ objects: placed, problems }])
    return { kind: "objects", objects: joined.value, problems: joined.problems, resources: resourcesOf(wanted) }
  }

  return {
    read,
    staleMs: () => {
      const heard = mirror.wanted().map((reflector) => reflector.heardAt())
      const known = heard.filter((at) => at !== null)
      return !complete || known.length === 0 ? null : clock.now() - Math.min(...known)
    },
    counts: () => mirror.counts(),
    faults: () => faultsOf(mirror.wanted(), preparing.fault()),
    facts: () => factsOf(mirror.wanted().slice(0, firstCount), configMapKeys),
    stop: async () => {
      stop.abort()
      await prepared
      await mirror.stop()
    },
  }
}

const NOTHING = { objects: { configMaps: new Map(), services: new Map(), nodes: [] } } as const

function configMapOf(reflector: Reflector | undefined, key: string): ConfigMap | null {
  const object = reflector?.store.objects.get(key)?.placed?.object
  return object?.kind === "ConfigMap" ? object : null
}

/** @param first The reflectors of the ConfigMaps, then that of the Nodes. */
function factsOf(first: readonly Reflector[], configMapKeys: readonly string[]): ClusterFacts {
  const nodes = first[configMapKeys.length]?.store.objects ?? []
  const configMaps = configMapKeys.map((key, at) => [key, identityOf(first[at]?.store.objects.get(key))] as const)
  return {
    configMaps: new Map(configMaps),
    nodes: new Map([...nodes].map(([name, { ready }]) => [name, { ready: ready === true }])),
  }
}

function identityOf(stored: Stored | undefined): ConfigMapIdentity | null {
  if (stored === undefined) return null
  const object = stored.placed?.object
  const entries = object?.kind === "ConfigMap" && stored.issues.length === 0 ? object.data : null
  return { uid: stored.uid, resourceVersion: stored.resourceVersion, entries }
}

interface Gathered {
  readonly placed: readonly Placed[]
  readonly problems: readonly Problem<ObjectProblemCode>[]
}

/** Every object once, from the first reflector that has it. */
function gather(reflectors: readonly Reflector[]): Gathered {
  const found = new Map<string, Stored>()
  for (const { collection, store } of reflectors) {
    for (const [key, stored] of store.objects) {
      const title = `${collection.resource} ${key}`
      if (!found.has(title)) found.set(title, stored)
    }
  }
  const placed = [...found.values()].flatMap((stored) => stored.placed ?? [])
  return { placed, problems: [...found].flatMap(([title, stored]) => problemsOf(title, stored)) }
}

/** Only a ConfigMap that cannot be read holds everything; any other object keeps its own last good form. */
function problemsOf(title: string, { issues }: Stored): readonly Problem<ObjectProblemCode>[] {
  if (!title.startsWith("configmaps ")) return []
  const name = title.replace("configmaps ", "ConfigMap ")
  return issues.map(({ code, path, message }) => ({
    code,
    severity: "error",
    path: [name, ...path.map(String)],
    place: null,
    message,
  }))
}

function faultsOf(reflectors: readonly Reflector[], preparing: ApiFault | null): readonly ApiFault[] {
  return [preparing, ...reflectors.map((reflector) => reflector.fault())].filter((fault) => fault !== null)
}

function unreachable(wanted: readonly Reflector[], preparing: ApiFault | null): Problem<SyncProblemCode> {
  const missing = wanted.filter((reflector) => !reflector.listed())
  const named = missing.map(({ collection }) => collectionTitle(collection))
  const reason =
    faultsOf(missing, preparing)[0]?.message ?? `no answer for ${named.join(", ") || "the list of its APIs"}`
  return {
    code: "SOURCE_UNREACHABLE",
    severity: "error",
    path: named.length === 0 ? ["Kubernetes API"] : named,
    place: null,
    message: `Cannot list everything once: ${reason}; what was published last stays`,
  }
}

/** The newest version of each resource. */
function resourcesOf(reflectors: readonly Reflector[]): Extract<SourceReading, { kind: "objects" }>["resources"] {
  const versions = new Map<string, { listed: boolean; resourceVersion: string | null }>()
  for (const reflector of reflectors) {
    const { resource } = reflector.collection
    const version = reflector.resourceVersion()
    const known = versions.get(resource)?.resourceVersion ?? null
    const newer = known === null || (version !== null && isOlder(known, version))
    versions.set(resource, { listed: true, resourceVersion: newer ? version : known })
  }
  return [...versions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([resource, rest]) => ({ resource, ...rest }))
}
