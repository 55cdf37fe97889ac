import { createHash } from "node:crypto"
import {
  type KeepalivedModel,
  type RealServer,
  sizeOf,
  type VirtualServer,
  virtualServerKey,
} from "../model/keepalived-model.ts"
import type { TemplateData } from "./needs.ts"
import { checkStructure } from "./structure.ts"
import { compileTemplates, type TemplateTexts } from "./template.ts"

/** The text of a keepalived.conf whose structure agrees with its model. Equal models give equal bytes. */
export interface RenderedConfig {
  readonly text: string
  /** The text in UTF-8, in parts: a megabyte is not put together anew for one block that changed. */
  readonly bytes: readonly Uint8Array[]
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
  let head: { readonly model: KeepalivedModel; readonly piece: Piece } | null = null
  const headOf = (model: KeepalivedModel): Piece => {
    const known = head !== null && hasSameHead(head.model, model) ? head.piece : null
    head = { model, piece: known ?? pieceOf(templates.head(headData(model)), { kind: "head" }) }
    return head.piece
  }
  return (model) => {
    const pieces = [headOf(model)]
    for (const vip of model.vips) for (const server of vip.virtualServers) pieces.push(blockOf(vip.key, server))
    pieces.push(pieceOf(lastLineOf(model), { kind: "end" }))
    checkStructure(pieces, model)
    const sha256 = createHash("sha256")
    const bytes: Uint8Array[] = []
    let text = ""
    for (const piece of pieces) {
      const part = bytesOf(piece)
      bytes.push(part)
      sha256.update(part)
      text += piece.text
    }
    return { text, bytes, sha256: sha256.digest("hex"), model, pieces }
  }
}

/** Whether `headData` would be the same: of the VIPs only their addresses stand in it. */
function hasSameHead(a: KeepalivedModel, b: KeepalivedModel): boolean {
  if (a.vips.length !== b.vips.length || a.routerId !== b.routerId || a.releaseFile !== b.releaseFile) return false
  if (!a.vips.every((vip, at) => vip.address === b.vips[at]?.address)) return false
  return JSON.stringify(a.vrrp) === JSON.stringify(b.vrrp)
}

/** The line by which a whole file is told from one that was cut short. */
export function lastLineOf(model: KeepalivedModel): string {
  const { vips, virtualServers, realServers } = sizeOf(model)
  return `\n# end: VIPs ${vips}, virtual servers ${virtualServers}, real servers ${realServers}\n`
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

/** Kept with the piece, as the text is. */
const encoded = new WeakMap<Piece, Uint8Array>()

function bytesOf(piece: Piece): Uint8Array {
  const known = encoded.get(piece)
  if (known !== undefined) return known
  const bytes = Buffer.from(piece.text)
  encoded.set(piece, bytes)
  return bytes
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
    realServers: server.check === "none" ? server.realServers.map(realServerData) : [],
    checkedRealServers: server.check === "tcp" ? server.realServers.map(checkedRealServerData) : [],
  }
}

function realServerData({ address, port, weight }: RealServer): TemplateData {
  return { address, port: String(port), weight: String(weight) }
}

function checkedRealServerData(real: RealServer): TemplateData {
  return { ...realServerData(real), timeout: String(CHECK_TIMEOUT) }
}

/** Seconds between two checks of a real server, and seconds that one may take: as in release 0.35. */
const CHECK_INTERVAL = 5
const CHECK_TIMEOUT = 3
