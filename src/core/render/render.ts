import {
  type KeepalivedModel,
  type RealServer,
  sizeOf,
  type VirtualServer,
  virtualServerKey,
} from "../model/keepalived-model.ts"
import type { TemplateData } from "./needs.ts"
import { type Piece, pieceOf } from "./piece.ts"
import { checkStructure } from "./structure.ts"
import { compileTemplates, type TemplateTexts } from "./template.ts"
import { createTextJoin, type JoinedText } from "./text-join.ts"

/** The text of a keepalived.conf whose structure agrees with its model. Equal models give equal bytes. */
export interface RenderedConfig extends JoinedText {
  readonly model: KeepalivedModel
  /** The text in pieces: first the head, then one for each virtual server, then the last line. */
  readonly pieces: readonly Piece[]
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
  const blockOf = (entry: string, server: VirtualServer, firstLine: number): Piece => {
    const known = blocks.get(server)
    if (known !== undefined) return known
    const origin = { kind: "virtual-server", entry, key: virtualServerKey(server) } as const
    const piece = pieceOf(templates.virtualServer(virtualServerData(server)), origin, firstLine)
    blocks.set(server, piece)
    return piece
  }
  let head: { readonly model: KeepalivedModel; readonly piece: Piece } | null = null
  const headOf = (model: KeepalivedModel): Piece => {
    const known = head !== null && hasSameHead(head.model, model) ? head.piece : null
    head = { model, piece: known ?? pieceOf(templates.head(headData(model)), { kind: "head" }, 1) }
    return head.piece
  }
  const join = createTextJoin()
  return (model) => {
    const first = headOf(model)
    const pieces = [first]
    let next = 1 + first.lines
    for (const vip of model.vips)
      for (const server of vip.virtualServers) {
        const piece = blockOf(vip.key, server, next)
        pieces.push(piece)
        next += piece.lines
      }
    pieces.push(pieceOf(lastLineOf(model), { kind: "end" }, next))
    checkStructure(pieces, model)
    return { ...join(pieces), model, pieces }
  }
}

/** Whether `headData` would be the same: of the VIPs only their addresses stand in it. */
function hasSameHead(a: KeepalivedModel, b: KeepalivedModel): boolean {
  if (a.vips.length !== b.vips.length || a.routerId !== b.routerId || a.releaseFile !== b.releaseFile) return false
  if (!a.vips.every((vip, at) => vip === b.vips[at] || vip.address === b.vips[at]?.address)) return false
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
