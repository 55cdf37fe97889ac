/**
 * A FAKE of the Kubernetes API server: lists and watches of the manifests below a directory, over plain HTTP on loopback, and no more.
 * It stands in for a real one (test/cluster has it) where the lab's one CPU is to be left to what is tested.
 * Usage: node fake-api.ts DIRECTORY PORT
 *   SIGKILL, and another one started: connections are refused for a while, and what a watch saw last is too old (410)
 *   SIGSTOP: it is silent
 *   a file DIRECTORY.fails: every request is answered 503, and watches end, for as long as it is there
 * A manifest that cannot be parsed changes nothing, as nobody could have applied it; a file that is gone deletes its objects, one that
 * cannot be read for want of the whole directory does not.
 */
import { existsSync, readdirSync, readFileSync, watch } from "node:fs"
import { createServer, type ServerResponse } from "node:http"
import { join } from "node:path"
import { parseAllDocuments } from "yaml"

interface KubernetesObject {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly resourceVersion?: string
  }
  readonly spec?: { readonly ports?: unknown }
}

interface Change {
  readonly version: number
  readonly type: "ADDED" | "MODIFIED" | "DELETED"
  readonly object: KubernetesObject
}

interface Watch {
  readonly matches: (object: KubernetesObject) => boolean
  readonly response: ServerResponse
  seen: number
}

const [directory = "", port = ""] = process.argv.slice(2)
const RESOURCES: Readonly<Record<string, string>> = {
  configmaps: "ConfigMap",
  endpoints: "Endpoints",
  endpointslices: "EndpointSlice",
  nodes: "Node",
  servicecidrs: "ServiceCIDR",
  services: "Service",
}
// Above every version of an earlier life; whoever comes with one of those has to list again.
const firstVersion = Date.now()
let version = firstVersion
let failing = false
const objects = new Map<string, { readonly text: string; readonly object: KubernetesObject }>()
const changes: Change[] = []
const watches = new Set<Watch>()

read()
// The look each half second is what counts: a directory may be replaced as a whole.
watch(directory, read).on("error", () => {})
setInterval(read, 500)
createServer((request, response) => answer(new URL(request.url ?? "/", "http://fake"), response)).listen(
  Number(port),
  "127.0.0.1",
)

/** Compares the manifests with what is known; each difference gets a version and goes to the watches. */
function read(): void {
  failing = existsSync(`${directory}.fails`)
  if (failing) for (const one of watches) one.response.destroy()
  if (!existsSync(directory)) return
  const found = new Map<string, KubernetesObject>()
  try {
    for (const name of readdirSync(directory).filter((one) => one.endsWith(".yaml"))) {
      const text = readFileSync(join(directory, name), "utf8")
      for (const document of parseAllDocuments(text)) {
        const object = document.toJS() as KubernetesObject | null
        if (object === null) continue
        if (document.errors.length > 0 || text.includes("\0") || !isAcceptable(object)) return
        found.set(keyOf(object), object)
      }
    }
  } catch {
    // Somebody is at it: the next look will tell.
    return
  }
  for (const [key, object] of found) put(key, object)
  for (const [key, { object }] of objects) {
    if (found.has(key)) continue
    objects.delete(key)
    changes.push({ version: ++version, type: "DELETED", object: versioned(object) })
  }
  for (const one of watches) pump(one)
}

/** As far as a real one would refuse what a scenario spoils. */
function isAcceptable({ kind, metadata, spec }: KubernetesObject): boolean {
  return kind !== undefined && metadata?.name !== undefined && (kind !== "Service" || Array.isArray(spec?.ports))
}

function put(key: string, object: KubernetesObject): void {
  const text = JSON.stringify(object)
  const before = objects.get(key)
  if (before?.text === text) return
  version += 1
  const next = versioned(object)
  objects.set(key, { text, object: next })
  changes.push({ version, type: before === undefined ? "ADDED" : "MODIFIED", object: next })
}

function versioned(object: KubernetesObject): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
}

function keyOf({ kind, metadata: { namespace = "", name } }: KubernetesObject): string {
  return `${kind} ${namespace}/${name}`
}

function answer(url: URL, response: ServerResponse): void {
  const json = (status: number, body: object) => {
    response.writeHead(status, { "content-type": "application/json" })
    response.end(JSON.stringify(body))
  }
  if (failing) return json(503, { kind: "Status", code: 503, message: "FAKE: an outage" })
  const kind = RESOURCES[url.pathname.split("/").at(-1) ?? ""]
  if (kind === undefined) return json(200, { kind: "APIResourceList", groupVersion: "", resources: [] })
  const matches = matcher(kind, url.searchParams)
  const apiVersion = url.pathname.replace(/^\/apis?\//, "").replace(/^((?:[^/]+\.[^/]+\/)?[^/]+)\/.*/, "$1")
  // A list as the beginning of a watch, as kube-proxy asks for it.
  const isList = url.searchParams.get("sendInitialEvents") === "true"
  const seen = isList ? version : Number(url.searchParams.get("resourceVersion") ?? 0)
  if (url.searchParams.get("watch") !== "true") {
    const items = [...objects.values()].map(({ object }) => object).filter(matches)
    return json(200, { kind: `${kind}List`, apiVersion, metadata: { resourceVersion: String(version) }, items })
  }
  if (seen < firstVersion) return json(410, { kind: "Status", code: 410, message: "FAKE: too old" })
  response.writeHead(200, { "content-type": "application/json" })
  response.flushHeaders()
  if (isList) {
    for (const { object } of objects.values())
      if (matches(object)) response.write(`${JSON.stringify({ type: "ADDED", object })}\n`)
    const metadata = { resourceVersion: String(version), annotations: { "k8s.io/initial-events-end": "true" } }
    response.write(`${JSON.stringify({ type: "BOOKMARK", object: { kind, apiVersion, metadata } })}\n`)
  }
  const one: Watch = { matches, response, seen }
  watches.add(one)
  response.on("close", () => watches.delete(one))
  pump(one)
}

function matcher(kind: string, query: URLSearchParams): Watch["matches"] {
  const name = /^metadata\.name=(.+)$/.exec(query.get("fieldSelector") ?? "")?.[1]
  const [, label = "", values = ""] = /^(\S+) in \((.*)\)$/.exec(query.get("labelSelector") ?? "") ?? []
  return ({ kind: its, metadata }) =>
    its === kind &&
    (name === undefined || metadata.name === name) &&
    (label === "" || values.split(",").includes(metadata.labels?.[label] ?? ""))
}

function pump(one: Watch): void {
  for (const { version: its, type, object } of changes) {
    if (its <= one.seen || !one.matches(object)) continue
    one.response.write(`${JSON.stringify({ type, object })}\n`)
    one.seen = its
  }
}
