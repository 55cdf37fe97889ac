import { type KeepalivedModel, sizeOf, type VirtualServer, virtualServerKey } from "../model/keepalived-model.ts"
import type { Piece } from "./render.ts"

/**
 * Reads the rendered text as keepalived's parser would and compares what stands there with the model: keepalived itself
 * accepts an empty file, one that was cut between two blocks, a duplicate virtual server, and an include that nobody
 * asked for.
 *
 * Every piece must be balanced on its own; so is then the whole, which is the pieces in a row.
 *
 * @throws with line and reason. That is a bug of ours or a spoilt template, never something a user wrote.
 */
export function checkStructure(pieces: readonly Piece[], model: KeepalivedModel): void {
  const found: Counts = { vips: [], virtualServers: [], realServers: 0 }
  let line = 1
  for (const piece of pieces) {
    const counts = countsOf(piece, line)
    for (const vip of counts.vips) found.vips.push(vip)
    for (const server of counts.virtualServers) found.virtualServers.push(server)
    found.realServers += counts.realServers
    line += piece.lines
  }
  const wanted: string[] = []
  for (const vip of model.vips) for (const server of vip.virtualServers) wanted.push(keyOf(server))
  compareLists("addresses", found.vips, [model.vrrp.anchor, ...model.vips.map((vip) => vip.address)])
  compareLists("virtual servers", found.virtualServers, wanted)
  const { realServers } = sizeOf(model)
  if (found.realServers !== realServers)
    throw new Error(
      `Cannot trust the rendered keepalived.conf: it has ${found.realServers} real servers, the model ${realServers}`,
    )
  if (new Set(found.virtualServers).size !== found.virtualServers.length)
    throw new Error("Cannot trust the rendered keepalived.conf: a virtual server stands there twice")
  if (pieces.at(-1)?.origin.kind !== "end")
    throw new Error("Cannot trust the rendered keepalived.conf: its last line is missing")
}

/** Kept with the virtual server: a thousand keys are not written anew for one that changed. */
const keys = new WeakMap<VirtualServer, string>()

function keyOf(server: VirtualServer): string {
  const known = keys.get(server)
  if (known !== undefined) return known
  const key = virtualServerKey(server)
  keys.set(server, key)
  return key
}

interface Counts {
  readonly vips: string[]
  readonly virtualServers: string[]
  realServers: number
}

/** What may stand in a block. */
interface Block {
  readonly name: string
  /** Each keyword with the pattern of what follows; one that ends with `{` opens the block of that name. */
  readonly lines: readonly RegExp[]
  readonly blocks: Readonly<Record<string, Block>>
  /** Its lines are addresses. */
  readonly isAddresses?: true
}

const ADDRESS = String.raw`\d{1,3}(?:\.\d{1,3}){3}`

function leaf(name: string, ...lines: readonly RegExp[]): Block {
  return { name, lines, blocks: {} }
}

function addresses(name: string): Block {
  const line = new RegExp(`^(${ADDRESS})/32 dev [A-Za-z0-9][A-Za-z0-9_.-]{0,14}$`)
  return { ...leaf(`vrrp_instance ${name}`, line), isAddresses: true }
}

const REAL_SERVER: Block = {
  name: "virtual_server real_server",
  lines: [/^weight [01]$/, /^inhibit_on_failure$/, /^(TCP_CHECK) \{$/],
  blocks: {
    TCP_CHECK: leaf("virtual_server real_server TCP_CHECK", /^connect_port \d{1,5}$/, /^connect_timeout \d+$/),
  },
}

const VIRTUAL_SERVER: Block = {
  name: "virtual_server",
  lines: [
    // First what stands there most often.
    new RegExp(`^(real_server) ${ADDRESS} \\d{1,5} \\{$`),
    /^delay_loop \d+$/,
    /^lvs_sched [a-z]+$/,
    /^lvs_method (?:NAT|DR)$/,
    /^persistence_timeout \d+$/,
    /^protocol (TCP|UDP)$/,
  ],
  blocks: { real_server: REAL_SERVER },
}

const VRRP_INSTANCE: Block = {
  name: "vrrp_instance",
  lines: [
    /^state BACKUP$/,
    /^interface [A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/,
    /^virtual_router_id \d{1,3}$/,
    /^priority \d{1,3}$/,
    /^advert_int \d+(?:\.\d+)?$/,
    /^nopreempt$/,
    /^(track_file) \{$/,
    new RegExp(`^unicast_src_ip ${ADDRESS}$`),
    /^(unicast_peer) \{$/,
    /^(virtual_ipaddress) \{$/,
    /^(virtual_ipaddress_excluded) \{$/,
  ],
  blocks: {
    track_file: leaf("vrrp_instance track_file", /^release$/),
    unicast_peer: leaf("vrrp_instance unicast_peer", new RegExp(`^${ADDRESS} min_ttl 255$`)),
    virtual_ipaddress: addresses("virtual_ipaddress"),
    virtual_ipaddress_excluded: addresses("virtual_ipaddress_excluded"),
  },
}

const FILE: Block = {
  name: "",
  lines: [
    new RegExp(`^(virtual_server) (${ADDRESS}) (\\d{1,5}) \\{$`),
    /^(global_defs) \{$/,
    /^(track_file) release \{$/,
    /^(vrrp_instance) vips \{$/,
  ],
  blocks: {
    global_defs: leaf(
      "global_defs",
      /^router_id [A-Za-z0-9.-]+$/,
      /^max_auto_priority -1$/,
      /^dynamic_interfaces$/,
      /^vrrp_version [23]$/,
      /^vrrp_skip_check_adv_addr$/,
      /^vrrp_garp_master_(?:delay|repeat|refresh|refresh_repeat) \d+$/,
      /^vrrp_higher_prio_send_advert$/,
      /^lvs_flush_on_stop VS$/,
    ),
    track_file: leaf("track_file", /^file \/[A-Za-z0-9._/-]+$/, /^weight 0$/),
    vrrp_instance: VRRP_INSTANCE,
    virtual_server: VIRTUAL_SERVER,
  },
}

/** keepalived splits longer lines into keywords (MAXBUF 1024). */
const LONGEST_LINE = 1000

const counted = new WeakMap<Piece, Counts>()

function countsOf(piece: Piece, firstLine: number): Counts {
  const known = counted.get(piece)
  if (known !== undefined) return known
  const counts: Counts = { vips: [], virtualServers: [], realServers: 0 }
  const around: Block[] = []
  let block = FILE
  let open: { address: string; port: string } | null = null
  let at = firstLine - 1
  const fail = (why: string) => new Error(`Cannot trust line ${at} of the rendered keepalived.conf: ${why}`)
  for (const raw of piece.text.split("\n")) {
    at += 1
    if (raw === "") continue
    if (raw.length > LONGEST_LINE) throw fail(`it has ${raw.length} characters`)
    const line = raw.trim()
    if (line === "" || (line.startsWith("#") && COMMENT.test(line))) continue
    if (line === "}") {
      const outer = around.pop()
      if (outer === undefined) throw fail("it closes a block that nobody opened")
      block = outer
      continue
    }
    const match = matchOf(block, line)
    if (match === null)
      throw fail(
        `${JSON.stringify(line)} is not among what may stand ${block === FILE ? "there" : `in "${block.name}"`}`,
      )
    const word = match[1]
    // Most lines name nothing that is counted.
    if (word === undefined) continue
    const inner = block.blocks[word]
    if (word === "real_server") counts.realServers += 1
    else if (word === "virtual_server") open = { address: match[2] ?? "", port: match[3] ?? "" }
    else if (block === VIRTUAL_SERVER) counts.virtualServers.push(`${open?.address} ${open?.port} ${word}`)
    else if (block.isAddresses === true) counts.vips.push(word)
    if (inner !== undefined) {
      around.push(block)
      block = inner
    }
  }
  if (around.length > 0) throw new Error(`Cannot trust the rendered keepalived.conf: "${block.name}" is never closed`)
  counted.set(piece, counts)
  return counts
}

/** A comment that keepalived cannot take for anything else. */
const COMMENT = /^# [A-Za-z0-9 .,:;'/_-]*$/

function matchOf({ lines }: Block, line: string): RegExpExecArray | null {
  for (const pattern of lines) {
    const match = pattern.exec(line)
    if (match !== null) return match
  }
  return null
}

function compareLists(what: string, found: readonly string[], wanted: readonly string[]): void {
  const at = wanted.findIndex((one, index) => found[index] !== one)
  if (found.length === wanted.length && at === -1) return
  const shown = (list: readonly string[]) => list[Math.max(at, 0)] ?? "nothing"
  throw new Error(
    `Cannot trust the rendered keepalived.conf: its ${what} are not those of the model (${found.length} instead of ${wanted.length}; "${shown(found)}" where "${shown(wanted)}" was wanted)`,
  )
}
