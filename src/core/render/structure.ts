import { addressesIn, type KeepalivedModel, vipsOf, type VirtualServer } from "../model/keepalived-model.ts"
import type { ParsedAddress, ParsedVirtualServer, Piece } from "./piece.ts"

/**
 * Compares the rendered text with the model, because keepalived accepts an empty file, a file cut between two blocks, a
 * duplicate virtual server, and an unexpected address.
 *
 * @throws with the reason. The cause is a bug or a damaged template, never the input of a user.
 */
export function checkStructure(pieces: readonly Piece[], model: KeepalivedModel): void {
  checkInstances(pieces, model)
  checkAddresses(pieces, model)
  checkVirtualServers(pieces, model)
  if (pieces.at(-1)?.origin.kind !== "end") throw fault("its last line is missing")
}

function checkInstances(pieces: readonly Piece[], { instances }: KeepalivedModel): void {
  const names = pieces.flatMap(({ parsed }) => parsed.instances)
  const expected = instances.map(({ name }) => name)
  if (names.join() !== expected.join())
    throw fault(`it has the VRRP instances ${names.join(", ") || "none"} (expected ${expected.join(", ")})`)
  if (new Set(names).size < names.length) throw fault(`a name of the VRRP instances ${names.join(", ")} appears twice`)
  const routers = instances.map((one) => `virtual router ID ${one.virtualRouterId} on ${one.interface}`)
  const twice = routers.find((one, at) => routers.indexOf(one) !== at)
  if (twice !== undefined) throw fault(`${twice} appears twice`)
}

/** keepalived removes an address from the node when two of its instances name it, and its config test does not refuse that. */
function checkAddresses(pieces: readonly Piece[], { instances }: KeepalivedModel): void {
  const told = pieces.flatMap(({ parsed }) => parsed.addresses)
  const expected = instances.flatMap((one) => {
    const { advertised, excluded } = addressesIn(one)
    return [...advertised, ...excluded].map((address) => ({ address, interface: one.interface }))
  })
  const known = new Set<string>()
  for (let at = 0; at < Math.max(told.length, expected.length); at += 1) {
    const [one, due] = [told[at], expected[at]]
    if (one?.address !== due?.address || one?.interface !== due?.interface)
      throw fault(`it has the address ${addressText(one)} (expected ${addressText(due)})`)
    if (one === undefined) continue
    if (known.has(one.address)) throw fault(`the address ${one.address} appears twice`)
    known.add(one.address)
  }
}

function addressText(one: ParsedAddress | undefined): string {
  return one === undefined ? "none" : `${one.address} on ${one.interface}`
}

function checkVirtualServers(pieces: readonly Piece[], model: KeepalivedModel): void {
  const told: ParsedVirtualServer[] = []
  for (const piece of pieces) for (const one of piece.parsed.virtualServers) told.push(one)
  let next = 0
  for (const vip of vipsOf(model)) {
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
