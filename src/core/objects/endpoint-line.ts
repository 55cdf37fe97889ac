import type { Endpoint, EndpointConditions } from "./kinds.ts"

const QUAD = String.raw`[0-9]{1,3}(?:\.[0-9]{1,3}){3}`
const BOOLEAN = "(?:true|false)"
const CONDITIONS = `ready: ${BOOLEAN}(?:, serving: ${BOOLEAN})?(?:, terminating: true)?`
/** A word without quotes, as far as every YAML reader takes it for text. */
const NODE_NAME = `(?!(?:null|true|false)\\})([a-z][a-z0-9.-]{0,252}|${QUAD})`
const LINE = new RegExp(
  `^ {2}- \\{addresses: \\[(${QUAD})\\], conditions: \\{(${CONDITIONS})\\}(?:, nodeName: ${NODE_NAME})?\\}$`,
)

/**
 * Reads an endpoint of a slice from its line, as `encode.ts` writes nearly all of them: one IPv4 address. It says what the
 * YAML reader and the schema say of such a line, in a tenth of the time; null for every other line.
 */
export function endpointIn(line: string): Endpoint | null {
  const found = LINE.exec(line)
  if (found === null) return null
  const [, address = "", text = "", nodeName = null] = found
  const conditions = CONDITIONS_OF.get(text)
  return conditions === undefined ? null : { addresses: [address], conditions, nodeName }
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
