import { createHash } from "node:crypto"
import {
  type KeepalivedModel,
  type RealServer,
  type VirtualServer,
  virtualServerKey,
} from "../model/keepalived-model.ts"
import { checkStructure } from "./structure.ts"
import { compileTemplates, type TemplateData, type TemplateTexts } from "./template.ts"

/** The text of a keepalived.conf whose structure agrees with its model. Equal models give equal bytes. */
export interface RenderedConfig {
  readonly text: string
  /** sha256 of the text, 64 hexadecimal digits. */
  readonly sha256: string
  readonly model: KeepalivedModel
  /** The text in pieces: first the head, then one for each virtual server, then the last line. */
  readonly pieces: readonly Piece[]
}

export interface Piece {
  readonly text: string
  /** Lines in the text. */
  readonly lines: number
  readonly origin:
    | { readonly kind: "head" }
    | { readonly kind: "virtual-server"; readonly entry: string; readonly key: string }
    | { readonly kind: "end" }
}

/**
 * Renders models. A block is kept as long as its virtual server is the same object, and the head as long as it would say
 * the same, so that one changed endpoint among thousands costs one block.
 *
 * @throws when the text does not have the structure that the model asks for: a bug, and nothing may be applied.
 */
export function createRenderer(texts: TemplateTexts): (model: KeepalivedModel) => RenderedConfig {
  const templates = compileTemplates(texts)
  const blocks = new WeakMap<VirtualServer, Piece>()
  const blockOf = (entry: string, server: VirtualServer): Piece => {
    const known = blocks.get(server)
    if (known !== undefined) return known
    const origin = { kind: "virtual-server", entry, key: virtualServerKey(server) } as const
    const piece = pieceOf(templates.virtualServer(virtualServerData(server)), origin)
    blocks.set(server, piece)
    return piece
  }
  let head: { readonly data: string; readonly piece: Piece } | null = null
  const headOf = (model: KeepalivedModel): Piece => {
    const data = headData(model)
    const key = JSON.stringify(data)
    if (head?.data !== key) head = { data: key, piece: pieceOf(templates.head(data), { kind: "head" }) }
    return head.piece
  }
  return (model) => {
    const pieces = [
      headOf(model),
      ...model.vips.flatMap((vip) => vip.virtualServers.map((server) => blockOf(vip.key, server))),
      pieceOf(lastLineOf(model), { kind: "end" }),
    ]
    const text = pieces.map((piece) => piece.text).join("")
    checkStructure(pieces, model)
    return { text, sha256: createHash("sha256").update(text).digest("hex"), model, pieces }
  }
}

/** The line by which a whole file is told from one that was cut short. */
export function lastLineOf(model: KeepalivedModel): string {
  const servers = model.vips.flatMap((vip) => vip.virtualServers)
  const realServers = servers.reduce((sum, server) => sum + server.realServers.length, 0)
  return `\n# end: VIPs ${model.vips.length}, virtual servers ${servers.length}, real servers ${realServers}\n`
}

/**
 * The piece that a line of the text stands in.
 *
 * @param line counted from 1.
 */
export function pieceAt(rendered: RenderedConfig, line: number): Piece | null {
  let last = 0
  for (const piece of rendered.pieces) {
    last += piece.lines
    if (line <= last) return piece
  }
  return null
}

function pieceOf(text: string, origin: Piece["origin"]): Piece {
  let lines = 0
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines += 1
  return { text, lines, origin }
}

function headData(model: KeepalivedModel): TemplateData {
  const { vrrp } = model
  const vips = model.vips.map((vip) => ({ address: vip.address }))
  const unicast =
    vrrp.unicast === null
      ? []
      : [{ source: vrrp.unicast.source, peers: vrrp.unicast.peers.map((address) => ({ address })) }]
  return {
    routerId: model.routerId,
    vrrpVersion: String(vrrp.version),
    releaseFile: model.releaseFile,
    interface: vrrp.interface,
    virtualRouterId: String(vrrp.virtualRouterId),
    priority: String(vrrp.priority),
    advertInterval: String(vrrp.advertInterval),
    unicast,
    anchor: vrrp.anchor,
    excluded: vips.length === 0 ? [] : [{ vips }],
  }
}

function virtualServerData(server: VirtualServer): TemplateData {
  const seconds = (value: number | null) => (value === null ? [] : [{ seconds: String(value) }])
  return {
    service: server.service,
    address: server.address,
    port: String(server.port),
    delayLoop: seconds(server.check === "tcp" ? CHECK_INTERVAL : null),
    scheduler: server.scheduler,
    forwardingMethod: server.forwardingMethod,
    persistence: seconds(server.persistenceTimeout),
    protocol: server.protocol,
    realServers: server.realServers.map((real) => realServerData(real, server.check)),
  }
}

function realServerData(real: RealServer, check: VirtualServer["check"]): TemplateData {
  const port = String(real.port)
  const tcpCheck = check === "tcp" ? [{ port, timeout: String(CHECK_TIMEOUT) }] : []
  return { address: real.address, port, weight: String(real.weight), tcpCheck }
}

/** Seconds between two checks of a real server, and seconds that one may take: as in release 0.35. */
const CHECK_INTERVAL = 5
const CHECK_TIMEOUT = 3
