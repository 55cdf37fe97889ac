/** The VIPs of a keepalived.conf of ours, read from its text. */
export interface ConfigSummary {
  /** In the order of the file. */
  readonly vips: readonly string[]
  /** `10.4.0.50 80 TCP` -> `10.2.68.5:8080`, followed by ` weight 0` for a server that drains. */
  readonly virtualServers: ReadonlyMap<string, readonly string[]>
}

/** Lines of a keepalived.conf, counted from 1, that concern one VIP. */
export interface ConfigBlock {
  readonly kind: "address" | "virtual-server"
  /** `10.4.0.50 80 TCP` of a virtual server; the address alone otherwise. */
  readonly key: string
  readonly first: number
  readonly last: number
  readonly lines: readonly string[]
}

/** The lines that concern a VIP: the one that announces its address, and each of its virtual servers. */
export function blocksOf(text: string, address: string): readonly ConfigBlock[] {
  const lines = text.split("\n")
  const blocks: ConfigBlock[] = []
  for (const [at, line] of lines.entries()) {
    if (line.trim().startsWith(`${address}/`))
      blocks.push({ kind: "address", key: address, first: at + 1, last: at + 1, lines: [line] })
    if (!line.startsWith(`virtual_server ${address} `)) continue
    const end = lines.indexOf("}", at)
    // The comment above the block names its Service.
    const first = (lines[at - 1] ?? "").startsWith("# ") ? at - 1 : at
    const block = lines.slice(first, end + 1)
    blocks.push({ kind: "virtual-server", key: keyOf(line, block), first: first + 1, last: end + 1, lines: block })
  }
  return blocks
}

/** Reads the VIPs, virtual servers and real servers. */
export function summaryOf(text: string): ConfigSummary {
  const vips: string[] = []
  const virtualServers = new Map<string, readonly string[]>()
  const lines = text.split("\n")
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? ""
    if (/^ *virtual_ipaddress_excluded \{$/.test(line))
      for (at += 1; at < lines.length && !(lines[at] ?? "").includes("}"); at += 1)
        vips.push((lines[at] ?? "").trim().replace(/\/.*$/, ""))
    if (!line.startsWith("virtual_server ")) continue
    const block = lines.slice(at, lines.indexOf("}", at) + 1)
    virtualServers.set(keyOf(line, block), realServersOf(block))
  }
  return { vips, virtualServers }
}

/** The changes between two configurations, in short: `+VIP 10.4.0.51`, `10.4.0.50 80 TCP: +4 -1 real servers`. */
export function changesBetween(old: ConfigSummary, new_: ConfigSummary): readonly string[] {
  const changes = [
    ...missingFrom(old.vips, new_.vips).map((vip) => `-VIP ${vip}`),
    ...missingFrom(new_.vips, old.vips).map((vip) => `+VIP ${vip}`),
    ...missingFrom([...old.virtualServers.keys()], [...new_.virtualServers.keys()]).map((key) => `-${key}`),
    ...missingFrom([...new_.virtualServers.keys()], [...old.virtualServers.keys()]).map((key) => `+${key}`),
  ]
  for (const [key, before] of old.virtualServers) {
    const now = new_.virtualServers.get(key)
    if (now === undefined) continue
    const [gone, come] = [missingFrom(before, now).length, missingFrom(now, before).length]
    const parts = [...(come > 0 ? [`+${come}`] : []), ...(gone > 0 ? [`-${gone}`] : [])]
    if (parts.length > 0) changes.push(`${key}: ${parts.join(" ")} real servers`)
  }
  return changes
}

function keyOf(line: string, block: readonly string[]): string {
  const [, address = "", port = ""] = line.split(" ")
  const protocol =
    block
      .find((one) => /^ {2}protocol /.test(one))
      ?.trim()
      .split(" ")[1] ?? "TCP"
  return `${address} ${port} ${protocol}`
}

function realServersOf(block: readonly string[]): readonly string[] {
  return block.flatMap((line, at) => {
    const [, address, port] = /^ +real_server (\S+) (\d+) \{$/.exec(line) ?? []
    if (address === undefined) return []
    const drains = /^ +weight 0$/.test(block[at + 1] ?? "")
    return [`${address}:${port ?? ""}${drains ? " weight 0" : ""}`]
  })
}

function missingFrom(some: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others)
  return some.filter((one) => !known.has(one))
}
