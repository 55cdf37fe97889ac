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
  /** First what stands there most often. */
  readonly lines: readonly Line[]
}

interface Line {
  /** The whole line but for the blanks before it; its groups are what it tells. */
  readonly pattern: RegExp
  readonly opens: Block | null
  /** What is compared with the model. */
  readonly tells: "address" | "virtual server" | "protocol" | "real server" | null
}

const ADDRESS = String.raw`\d{1,3}(?:\.\d{1,3}){3}`

function line(pattern: RegExp, opens: Block | null = null, tells: Line["tells"] = null): Line {
  return { pattern, opens, tells }
}

function block(name: string, ...lines: readonly (Line | RegExp)[]): Block {
  return { name, lines: lines.map((one) => (one instanceof RegExp ? line(one) : one)) }
}

function addresses(name: string): Block {
  const pattern = new RegExp(`^(${ADDRESS})/32 dev [A-Za-z0-9][A-Za-z0-9_.-]{0,14}$`)
  return block(`vrrp_instance ${name}`, line(pattern, null, "address"))
}

const TCP_CHECK = block("virtual_server real_server TCP_CHECK", /^connect_port \d{1,5}$/, /^connect_timeout \d+$/)

const REAL_SERVER = block(
  "virtual_server real_server",
  /^weight [01]$/,
  /^inhibit_on_failure$/,
  line(/^TCP_CHECK \{$/, TCP_CHECK),
)

const VIRTUAL_SERVER = block(
  "virtual_server",
  line(new RegExp(`^real_server ${ADDRESS} \\d{1,5} \\{$`), REAL_SERVER, "real server"),
  /^delay_loop \d+$/,
  /^lvs_sched [a-z]+$/,
  /^lvs_method (?:NAT|DR)$/,
  /^persistence_timeout \d+$/,
  line(/^protocol (TCP|UDP)$/, null, "protocol"),
)

const VRRP_INSTANCE = block(
  "vrrp_instance",
  /^state BACKUP$/,
  /^interface [A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/,
  /^virtual_router_id \d{1,3}$/,
  /^priority \d{1,3}$/,
  /^advert_int \d+(?:\.\d+)?$/,
  /^nopreempt$/,
  line(/^track_file \{$/, block("vrrp_instance track_file", /^release$/)),
  new RegExp(`^unicast_src_ip ${ADDRESS}$`),
  line(/^unicast_peer \{$/, block("vrrp_instance unicast_peer", new RegExp(`^${ADDRESS} min_ttl 255$`))),
  line(/^virtual_ipaddress \{$/, addresses("virtual_ipaddress")),
  line(/^virtual_ipaddress_excluded \{$/, addresses("virtual_ipaddress_excluded")),
)

const GLOBAL_DEFS = block(
  "global_defs",
  /^router_id [A-Za-z0-9.-]+$/,
  /^max_auto_priority -1$/,
  /^dynamic_interfaces$/,
  /^vrrp_version [23]$/,
  /^vrrp_skip_check_adv_addr$/,
  /^vrrp_garp_master_(?:delay|repeat|refresh|refresh_repeat) \d+$/,
  /^vrrp_higher_prio_send_advert$/,
  /^lvs_flush_on_stop VS$/,
)

const FILE = block(
  "",
  line(new RegExp(`^virtual_server (${ADDRESS}) (\\d{1,5}) \\{$`), VIRTUAL_SERVER, "virtual server"),
  line(/^global_defs \{$/, GLOBAL_DEFS),
  line(/^track_file release \{$/, block("track_file", /^file \/[A-Za-z0-9._/-]+$/, /^weight 0$/)),
  line(/^vrrp_instance vips \{$/, VRRP_INSTANCE),
)

/** keepalived splits longer lines into keywords (MAXBUF 1024). */
const LONGEST_LINE = 1000

const counted = new WeakMap<Piece, Counts>()

function countsOf(piece: Piece, firstLine: number): Counts {
  const known = counted.get(piece)
  if (known !== undefined) return known
  const counts: Counts = { vips: [], virtualServers: [], realServers: 0 }
  const around: Block[] = []
  let inside = FILE
  let open = ""
  let at = firstLine - 1
  const fail = (why: string) => new Error(`Cannot trust line ${at} of the rendered keepalived.conf: ${why}`)
  for (let from = 0, to = 0; from < piece.text.length; from = to + 1) {
    at += 1
    to = endOfLine(piece.text, from)
    if (to - from > LONGEST_LINE) throw fail(`it has ${to - from} characters`)
    while (piece.text.charCodeAt(from) === BLANK) from += 1
    if (from === to) continue
    const text = piece.text.slice(from, to)
    if (text.startsWith("#") && COMMENT.test(text)) continue
    if (text === "}") {
      const outer = around.pop()
      if (outer === undefined) throw fail("it closes a block that nobody opened")
      inside = outer
      continue
    }
    const found = inside.lines.find(({ pattern }) => pattern.test(text))
    if (found === undefined) {
      const where = inside === FILE ? "there" : `in "${inside.name}"`
      throw fail(`${JSON.stringify(text)} is not among what may stand ${where}`)
    }
    if (found.tells === "real server") counts.realServers += 1
    else if (found.tells !== null) {
      const told = (found.pattern.exec(text) ?? []).slice(1).join(" ")
      if (found.tells === "virtual server") open = told
      else if (found.tells === "protocol") counts.virtualServers.push(`${open} ${told}`)
      else counts.vips.push(told)
    }
    if (found.opens !== null) {
      around.push(inside)
      inside = found.opens
    }
  }
  if (around.length > 0) throw new Error(`Cannot trust the rendered keepalived.conf: "${inside.name}" is never closed`)
  counted.set(piece, counts)
  return counts
}

const BLANK = 0x20

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from)
  return end === -1 ? text.length : end
}

/** A comment that keepalived cannot take for anything else. */
const COMMENT = /^# [A-Za-z0-9 .,:;'/_-]*$/

function compareLists(what: string, found: readonly string[], wanted: readonly string[]): void {
  const at = wanted.findIndex((one, index) => found[index] !== one)
  if (found.length === wanted.length && at === -1) return
  const shown = (list: readonly string[]) => list[Math.max(at, 0)] ?? "nothing"
  throw new Error(
    `Cannot trust the rendered keepalived.conf: its ${what} are not those of the model (${found.length} instead of ${wanted.length}; "${shown(found)}" where "${shown(wanted)}" was wanted)`,
  )
}
