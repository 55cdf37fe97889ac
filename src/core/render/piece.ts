import { type Block, COMMENT, FILE, type Line, LONGEST_LINE } from "./grammar.ts"

/** A part of the text of a keepalived.conf: its head, a VRRP instance, a virtual server, or its last line. */
export interface Piece {
  readonly text: string
  /** Lines in the text. */
  readonly lines: number
  readonly origin:
    | { readonly kind: "head" }
    | { readonly kind: "instance"; readonly name: string }
    | { readonly kind: "virtual-server"; readonly entry: string; readonly key: string }
    | { readonly kind: "end" }
  readonly parsed: Parsed
}

/** The instances, addresses and virtual servers in the text, in the order of the text. */
export interface Parsed {
  /** Names of the VRRP instances. */
  readonly instances: readonly string[]
  readonly addresses: readonly ParsedAddress[]
  readonly virtualServers: readonly ParsedVirtualServer[]
}

export interface ParsedAddress {
  readonly address: string
  readonly interface: string
}

export interface ParsedVirtualServer {
  readonly address: string
  readonly port: number
  readonly protocol: string
  /** Number of real servers. */
  readonly realServers: number
}

/**
 * Reads a part of the rendered text like keepalived's parser. Each part must close every block that it opens, so the whole
 * text is balanced too.
 *
 * @throws with line and reason for every line that is not allowed. The cause is a bug or a damaged template, never the input
 *   of a user.
 */
export function parsePiece(text: string, origin: Piece["origin"]): Piece {
  const reader: Reader = {
    text,
    at: 0,
    line: 1,
    origin,
    inside: FILE,
    around: [],
    ...{ instances: [], addresses: new Map(), virtualServers: [] },
  }
  for (; reader.at < text.length; reader.line += 1) readLine(reader)
  const { inside, around, line, instances, addresses, virtualServers } = reader
  if (around.length > 0) fail(reader, `"${inside.name}" is never closed`)
  return { text, lines: line - 1, origin, parsed: { instances, addresses: [...addresses.values()], virtualServers } }
}

interface Reader {
  readonly text: string
  readonly origin: Piece["origin"]
  at: number
  line: number
  inside: Block
  /** The enclosing blocks, the innermost last. */
  readonly around: Block[]
  readonly instances: string[]
  readonly addresses: Map<string, ParsedAddress>
  readonly virtualServers: Open[]
}

/** The virtual server that the reader is in. */
interface Open {
  readonly address: string
  readonly port: number
  protocol: string
  realServers: number
}

const [NEW_LINE, SPACE, HASH, CLOSING] = [0x0a, 0x20, 0x23, 0x7d]

function readLine(reader: Reader): void {
  const { text, at: begin } = reader
  let at = begin
  while (text.charCodeAt(at) === SPACE) at += 1
  const first = text.charCodeAt(at)
  if (first === NEW_LINE) reader.at = at + 1
  else if (first === CLOSING && text.charCodeAt(at + 1) === NEW_LINE) {
    reader.inside = reader.around.pop() ?? fail(reader, "unmatched closing brace")
    reader.at = at + 2
  } else if (first === HASH) reader.at = endOf(COMMENT, text, at) ?? fail(reader, notKnown(reader, at))
  else readWords(reader, at)
  if (reader.at - begin > LONGEST_LINE + 1) fail(reader, `it has ${reader.at - begin - 1} characters`)
}

function readWords(reader: Reader, at: number): void {
  for (const one of reader.inside.lines) {
    const end = endOf(one.pattern, reader.text, at)
    if (end === null) continue
    reader.at = end
    if (one.tells !== null) listen(reader, one, at)
    if (one.opens === null) return
    reader.around.push(reader.inside)
    reader.inside = one.opens
    return
  }
  fail(reader, notKnown(reader, at))
}

/** The end of a match that starts at `at`; null when there is none. */
function endOf(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : null
}

function listen(reader: Reader, { pattern, tells }: Line, at: number): void {
  const open = reader.virtualServers.at(-1)
  if (tells === "real server" && open !== undefined) {
    open.realServers += 1
    return
  }
  pattern.lastIndex = at
  const [, word = "", second = ""] = pattern.exec(reader.text) ?? []
  if (tells === "instance") reader.instances.push(word)
  else if (tells === "address") {
    if (reader.addresses.has(word)) fail(reader, `the address ${word} appears twice`)
    reader.addresses.set(word, { address: word, interface: second })
  } else if (tells === "virtual server")
    reader.virtualServers.push({ address: word, port: Number(second), protocol: "", realServers: 0 })
  else if (open?.protocol === "") open.protocol = word
  else fail(reader, "its virtual server already has a protocol")
}

function notKnown({ text, inside }: Reader, at: number): string {
  const end = text.indexOf("\n", at)
  const words = text.slice(at, end === -1 ? text.length : end)
  return `${JSON.stringify(words)} is not allowed ${inside === FILE ? "there" : `in "${inside.name}"`}`
}

function fail({ line, origin }: Reader, why: string): never {
  throw new Error(`Cannot trust line ${line} of ${whereOf(origin)} the rendered keepalived.conf: ${why}`)
}

function whereOf(origin: Piece["origin"]): string {
  switch (origin.kind) {
    case "head":
    case "end":
      return `the ${origin.kind} of`
    case "instance":
      return `the VRRP instance ${origin.name} in`
    case "virtual-server":
      return `the virtual server ${origin.key} in`
  }
}
