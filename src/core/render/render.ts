import {
  type KeepalivedModel,
  type RealServer,
  addressesIn,
  sizeOf,
  type VipModel,
  vipsOf,
  type VirtualServer,
  virtualServerKey,
  type VrrpInstance,
} from "../model/keepalived-model.ts"
import { drainedFileOf } from "../model/flags.ts"
import { asHost } from "../address/network.ts"
import type { TemplateData } from "./template-fields.ts"
import { type Piece, parsePiece } from "./piece.ts"
import { sha256Of } from "../../kit/sha256.ts"
import { checkStructure } from "./structure.ts"
import { compileTemplates, type Templates, type TemplateTexts } from "./template.ts"

/** The text of a keepalived.conf, checked against its model. Equal models give equal bytes. */
export interface RenderedConfig {
  readonly text: string
  /** sha256 of the text, 64 hexadecimal digits. */
  readonly sha256: string
  readonly model: KeepalivedModel
  /** The text in pieces: the head, one piece per VRRP instance, one per virtual server, the last line. */
  readonly pieces: readonly Piece[]
}

/**
 * Renders models. Caches the blocks of a VIP while it is the same object, so that one changed endpoint among thousands renders
 * only the blocks of one VIP.
 *
 * @throws when the text does not match the model. That is a bug, and the text must not be applied.
 */
export function createRenderer(texts: TemplateTexts): (model: KeepalivedModel) => RenderedConfig {
  const templates = compileTemplates(texts)
  const blocksOf = createBlocks(templates)
  return (model) => {
    const pieces = [
      parsePiece(templates.head(headData(model)), { kind: "head" }),
      ...model.instances.map((instance) =>
        parsePiece(templates.instance(instanceData(instance)), { kind: "instance", name: instance.name }),
      ),
      ...vipsOf(model).flatMap(blocksOf),
      parsePiece(lastLineOf(model), { kind: "end" }),
    ]
    checkStructure(pieces, model)
    const text = pieces.map((piece) => piece.text).join("")
    return { text, sha256: sha256Of(text), model, pieces }
  }
}

/** The blocks of a VIP, one per virtual server. */
function createBlocks(templates: Templates): (vip: VipModel) => readonly Piece[] {
  const known = new WeakMap<VipModel, readonly Piece[]>()
  return (vip) => {
    const blocks =
      known.get(vip) ??
      vip.virtualServers.map((server) => {
        const origin = { kind: "virtual-server", entry: vip.id, key: virtualServerKey(server) } as const
        return parsePiece(templates.virtualServer(virtualServerData(server)), origin)
      })
    known.set(vip, blocks)
    return blocks
  }
}

/** The line that distinguishes a complete file from a truncated one. */
export function lastLineOf(model: KeepalivedModel): string {
  const { vips, virtualServers, realServers } = sizeOf(vipsOf(model))
  return `\n# end: VIPs ${vips}, virtual servers ${virtualServers}, real servers ${realServers}\n`
}

/**
 * The piece that contains a line of the text.
 *
 * @param line Line number, counted from 1.
 */
export function pieceAt({ pieces }: Pick<RenderedConfig, "pieces">, line: number): Piece | null {
  let last = 0
  for (const piece of pieces) {
    last += piece.lines
    if (line <= last) return piece
  }
  return null
}

function headData({ routerId, vrrpVersion, releaseFile }: KeepalivedModel): TemplateData {
  return { routerId, vrrpVersion: String(vrrpVersion), releaseFile, drainedFile: drainedFileOf(releaseFile) }
}

function instanceData({ unicast, ...instance }: VrrpInstance): TemplateData {
  const { advertised, excluded } = addressesIn(instance)
  const listed = (addresses: readonly string[]) => addresses.map((address) => ({ address: asHost(address) }))
  return {
    name: instance.name,
    interface: instance.interface,
    virtualRouterId: String(instance.virtualRouterId),
    priority: String(instance.priority),
    advertInterval: String(instance.advertInterval),
    unicast: unicast === null ? [] : [{ source: unicast.source, peers: unicast.peers.map((address) => ({ address })) }],
    anchored: instance.advertised === null ? [{ anchor: asHost(instance.anchor) }] : [],
    classic: instance.advertised === null ? [] : [{ advertised: listed(advertised) }],
    excluded: excluded.length === 0 ? [] : [{ addresses: listed(excluded) }],
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

/** Interval and timeout of the checks of a real server, in seconds; the same as in release 0.35. */
const CHECK_INTERVAL = 5
const CHECK_TIMEOUT = 3
