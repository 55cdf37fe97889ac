import {
  type KeepalivedModel,
  type RealServer,
  sizeOf,
  type VipModel,
  type VirtualServer,
  virtualServerKey,
} from "../model/keepalived-model.ts"
import type { TemplateData } from "./needs.ts"
import { type Piece, pieceOf } from "./piece.ts"
import { checkStructure } from "./structure.ts"
import { compileTemplates, type Templates, type TemplateTexts } from "./template.ts"
import { createTextJoin, type JoinedText, textOf } from "./text-join.ts"

/** The text of a keepalived.conf whose structure agrees with its model. Equal models give equal bytes. */
export interface RenderedConfig extends JoinedText {
  readonly text: string
  readonly model: KeepalivedModel
  /** The text in pieces: first the head, then one for each virtual server, then the last line. */
  readonly pieces: readonly Piece[]
}

/**
 * Renders models. Blocks are kept as long as their VIP is the same object, and the head as long as it would say
 * the same, so that one changed endpoint among thousands costs the blocks of one VIP.
 *
 * @throws when the text does not have the structure that the model asks for: a bug, and nothing may be applied.
 */
export function createRenderer(texts: TemplateTexts): (model: KeepalivedModel) => RenderedConfig {
  const templates = compileTemplates(texts)
  const headOf = createHead(templates)
  const blocksOf = createBlocks(templates)
  const join = createTextJoin()
  return (model) => {
    const pieces = [headOf(model)]
    for (const blocks of blocksOf(model.vips)) for (const block of blocks) pieces.push(block)
    pieces.push(pieceOf(lastLineOf(model), { kind: "end" }))
    checkStructure(pieces, model)
    return {
      ...join(pieces),
      // Put together for those who ask for it.
      get text() {
        return textOf(pieces)
      },
      model,
      pieces,
    }
  }
}

function createHead(templates: Templates): (model: KeepalivedModel) => Piece {
  let last: { readonly model: KeepalivedModel; readonly piece: Piece } | null = null
  return (model) => {
    const known = last !== null && hasSameHead(last.model, model) ? last.piece : null
    last = { model, piece: known ?? pieceOf(templates.head(headData(model)), { kind: "head" }) }
    return last.piece
  }
}

type Blocks = readonly Piece[]

/** The blocks of each VIP. */
function createBlocks(templates: Templates): (vips: readonly VipModel[]) => readonly Blocks[] {
  const known = new WeakMap<VipModel, Blocks>()
  const made = (vip: VipModel): Blocks => {
    const blocks = vip.virtualServers.map((server) => {
      const origin = { kind: "virtual-server", entry: vip.key, key: virtualServerKey(server) } as const
      return pieceOf(templates.virtualServer(virtualServerData(server)), origin)
    })
    known.set(vip, blocks)
    return blocks
  }
  let last: { readonly vips: readonly VipModel[]; readonly blocks: readonly Blocks[] } = { vips: [], blocks: [] }
  return (vips) => {
    const { vips: before, blocks: blocksBefore } = last
    // Nearly all stand where they stood before, and a look there costs less than one into the map.
    const blocks = vips.map((vip, at) => (vip === before[at] ? blocksBefore[at] : known.get(vip)) ?? made(vip))
    last = { vips, blocks }
    return blocks
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
