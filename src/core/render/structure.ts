import type { KeepalivedModel, VirtualServer } from "../model/keepalived-model.ts"
import type { Piece, ParsedVirtualServer } from "./piece.ts"

/**
 * Compares the rendered text with the model, because keepalived accepts an empty file, a file cut between two blocks, a
 * duplicate virtual server, and an unexpected address.
 *
 * @throws with the reason. The cause is a bug or a damaged template, never the input of a user.
 */
export function checkStructure(pieces: readonly Piece[], model: KeepalivedModel): void {
  checkAddresses(pieces, model)
  checkVirtualServers(pieces, model)
  if (pieces.at(-1)?.origin.kind !== "end") throw fault("its last line is missing")
}

function checkAddresses(pieces: readonly Piece[], { vrrp, vips }: KeepalivedModel): void {
  // The anchor comes first.
  let next = -1
  for (const { parsed } of pieces)
    for (const address of parsed.addresses) {
      const expected = next === -1 ? vrrp.anchor : vips[next]?.address
      if (address !== expected) throw fault(`it has the address ${address} (expected ${expected ?? "none"})`)
      next += 1
    }
  if (next !== vips.length) throw fault(`it has ${next + 1} addresses (expected ${vips.length + 1})`)
}

function checkVirtualServers(pieces: readonly Piece[], { vips }: KeepalivedModel): void {
  const told: ParsedVirtualServer[] = []
  for (const piece of pieces) for (const one of piece.parsed.virtualServers) told.push(one)
  let next = 0
  for (const vip of vips) {
    let before: VirtualServer | null = null
    for (const server of vip.virtualServers) {
      const one = told[next]
      if (one === undefined || !isAs(one, server) || server.address !== vip.address)
        throw fault(`it has ${one === undefined ? "nothing" : shown(one)} (expected ${shown(server)})`)
      // The addresses are in order and unique, so this makes the virtual servers unique too.
      if (before !== null && !isBefore(before, server))
        throw fault(`${shown(server)} appears twice, or in the wrong order`)
      before = server
      next += 1
    }
  }
  if (next !== told.length) throw fault(`it has ${told.length} virtual servers (expected ${next})`)
}

function isAs(told: ParsedVirtualServer, { address, port, protocol, realServers }: VirtualServer): boolean {
  return (
    told.address === address &&
    told.port === port &&
    told.protocol === protocol &&
    told.realServers === realServers.length
  )
}

function isBefore(a: VirtualServer, b: VirtualServer): boolean {
  return a.port < b.port || (a.port === b.port && a.protocol < b.protocol)
}

function shown({ address, port, protocol, realServers }: ParsedVirtualServer | VirtualServer): string {
  const count = typeof realServers === "number" ? realServers : realServers.length
  return `virtual server ${address} ${port} ${protocol} with ${count} real servers`
}

function fault(why: string): Error {
  return new Error(`Cannot trust the rendered keepalived.conf: ${why}`)
}
