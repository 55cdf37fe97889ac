import type { DecodedFile } from "./decode.ts"
import type {
  Endpoint,
  EndpointConditions,
  EndpointPort,
  EndpointSlice,
  Placed,
  Protocol,
  Service,
  ServicePort,
} from "./kinds.ts"
import { DNS_LABEL, DNS_SUBDOMAIN, LONGEST_TEXT, SERVICE_NAME_LABEL } from "./schema.ts"

/**
 * Reads the file of a Service as `encodeService` writes nearly all of them: the Service, whose traffic goes by the defaults of
 * the API, then its EndpointSlices of IPv4 addresses. It says what the YAML reader and the schemas say of such a text, in a third of the time, which matters where a
 * thousand of them are read at once.
 *
 * @returns null for every other text: the usual way is asked then.
 */
export function decodeWrittenService(file: string, text: string): DecodedFile | null {
  const cursor: Cursor = { text, at: 0 }
  const service = serviceAt(cursor)
  if (service === null) return null
  const objects: Placed[] = [placed(service, file, 1)]
  let line = 1
  for (let from = 0; cursor.at < text.length;) {
    if (take(cursor, SEPARATOR) === null) return null
    line += linesBetween(text, from, cursor.at)
    from = cursor.at
    const slice = sliceAt(cursor)
    if (slice === null) return null
    objects.push(placed(slice, file, line))
  }
  return { objects, problems: [] }
}

/** A word that every YAML reader takes for text. */
const WORD = String.raw`(?!(?:null|true|false)\b)[a-z][a-z0-9.-]*`
const QUAD = String.raw`[0-9]{1,3}(?:\.[0-9]{1,3}){3}`
const PORT = "[1-9][0-9]{0,4}"
const PROTOCOL = "TCP|UDP|SCTP"
const BOOLEAN = "(?:true|false)"
const CONDITIONS = `ready: ${BOOLEAN}(?:, serving: ${BOOLEAN})?(?:, terminating: true)?`

/** Each fits where the text before it ends, and nowhere else. */
const SEPARATOR = /---\n/y
const SERVICE = new RegExp(
  `apiVersion: v1\nkind: Service\nmetadata:\n  namespace: (${WORD})\n  name: (${WORD})\n` +
    `spec:\n  type: (ClusterIP|NodePort|LoadBalancer|ExternalName)\n(?:  clusterIP: (None|${QUAD})\n)?  ports:`,
  "y",
)
const SERVICE_PORT = new RegExp(
  `    - \\{(?:name: (${WORD}), )?port: (${PORT}), protocol: (${PROTOCOL}), targetPort: (?:(${PORT})|(${WORD}))\\}\n`,
  "y",
)
const SLICE = new RegExp(
  `apiVersion: discovery\\.k8s\\.io/v1\nkind: EndpointSlice\nmetadata:\n  namespace: (${WORD})\n  name: (${WORD})\n` +
    `  labels:\n    ${SERVICE_NAME_LABEL.replaceAll(".", "\\.")}: (${WORD})\naddressType: IPv4\nports:`,
  "y",
)
const SLICE_PORT = new RegExp(`  - \\{(?:name: (${WORD}), )?port: (${PORT}), protocol: (${PROTOCOL})\\}\n`, "y")
const ENDPOINTS = /endpoints:/y
const ENDPOINT = new RegExp(
  `  - \\{addresses: \\[(${QUAD})\\], conditions: \\{(${CONDITIONS})\\}(?:, nodeName: (${WORD}|${QUAD}))?\\}\n`,
  "y",
)
const NO_ITEMS = / \[\]\n/y
const ITEMS = /\n/y

interface Cursor {
  readonly text: string
  at: number
}

function take(cursor: Cursor, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = cursor.at
  const found = pattern.exec(cursor.text)
  if (found !== null) cursor.at = pattern.lastIndex
  return found
}

function serviceAt(cursor: Cursor): Service | null {
  const found = take(cursor, SERVICE)
  if (found === null) return null
  const [, namespace = "", name = "", type = "", clusterIP = ""] = found
  const ports = listAt(cursor, SERVICE_PORT, servicePort)
  if (ports === null || !DNS_LABEL.test(namespace) || !DNS_LABEL.test(name)) return null
  const metadata = { name, namespace }
  return { apiVersion: "v1", kind: "Service", metadata, spec: { type, clusterIP, ports }, traffic: null }
}

function sliceAt(cursor: Cursor): EndpointSlice | null {
  const found = take(cursor, SLICE)
  if (found === null) return null
  const [, namespace = "", name = "", service = ""] = found
  const ports = listAt(cursor, SLICE_PORT, slicePort)
  if (ports === null || take(cursor, ENDPOINTS) === null) return null
  const endpoints = listAt(cursor, ENDPOINT, endpoint)
  if (endpoints === null || !DNS_LABEL.test(namespace) || !isSubdomain(name) || !DNS_LABEL.test(service)) return null
  const metadata = { name, namespace, service }
  return { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata, addressType: "IPv4", ports, endpoints }
}

/** A list with one item a line, or `[]`. */
function listAt<Item>(
  cursor: Cursor,
  pattern: RegExp,
  itemOf: (found: RegExpExecArray) => Item | null,
): readonly Item[] | null {
  if (take(cursor, NO_ITEMS) !== null) return []
  if (take(cursor, ITEMS) === null) return null
  const items: Item[] = []
  for (let found = take(cursor, pattern); found !== null; found = take(cursor, pattern)) {
    const item = itemOf(found)
    if (item === null) return null
    items.push(item)
  }
  // A key with nothing below it is null to a YAML reader, and no list.
  return items.length === 0 ? null : items
}

function servicePort([
  ,
  name = "",
  digits,
  protocol,
  targetDigits,
  targetName = "",
]: RegExpExecArray): ServicePort | null {
  const port = Number(digits)
  const targetPort = targetDigits === undefined ? targetName : Number(targetDigits)
  if (port > LAST_PORT || !isShort(name) || !isShort(targetName)) return null
  return { name, port, protocol: protocolOf(protocol), targetPort }
}

function slicePort([, name = "", digits, protocol]: RegExpExecArray): EndpointPort | null {
  const port = Number(digits)
  return port > LAST_PORT || !isShort(name) ? null : { name, port, protocol: protocolOf(protocol) }
}

/** The patterns let through what stands here, and nothing else. */
function protocolOf(text: string | undefined): Protocol {
  return text === "UDP" || text === "SCTP" ? text : "TCP"
}

function endpoint([, address = "", text = "", nodeName]: RegExpExecArray): Endpoint | null {
  const conditions = CONDITIONS_OF.get(text)
  if (conditions === undefined || (nodeName !== undefined && !isShort(nodeName))) return null
  return { addresses: [address], conditions, nodeName: nodeName ?? null }
}

/** One object for all endpoints that are alike. */
const CONDITIONS_OF: ReadonlyMap<string, EndpointConditions> = new Map(
  [true, false].flatMap((ready) =>
    [undefined, true, false].flatMap((serving) =>
      [true, false].map((terminating) => [
        `ready: ${ready}${serving === undefined ? "" : `, serving: ${serving}`}${terminating ? ", terminating: true" : ""}`,
        { ready, serving: serving ?? ready, terminating },
      ]),
    ),
  ),
)

const LAST_PORT = 65_535

function isShort(text: string): boolean {
  return text.length <= LONGEST_TEXT
}

function isSubdomain(name: string): boolean {
  return isShort(name) && DNS_SUBDOMAIN.test(name)
}

const NO_PLACES: Placed["keyPlaces"] = new Map()

function placed(object: Service | EndpointSlice, file: string, line: number): Placed {
  return { object, place: { file, line, column: 1 }, keyPlaces: NO_PLACES }
}

function linesBetween(text: string, from: number, to: number): number {
  let lines = 0
  for (let at = text.indexOf("\n", from); at !== -1 && at < to; at = text.indexOf("\n", at + 1)) lines += 1
  return lines
}
