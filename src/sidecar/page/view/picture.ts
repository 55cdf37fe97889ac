import type { PageData } from "../data.ts"
import type { Holder } from "./holders.ts"
import { type NodeRow, nodeRowsOf, type Part } from "./nodes.ts"
import { counted, listed } from "../../../kit/text/format.ts"
import { clipped, MOST_NAMES } from "./words.ts"

/** The LAN of a VRRP instance as boxes, in two layouts: for wide and for narrow windows. */
export interface Picture {
  /** Unique in the page. */
  readonly id: string
  /** `eth0, VRRP 50, multicast`. */
  readonly lan: string
  /** What the picture shows, for readers who do not see it. */
  readonly title: string
  readonly boxes: readonly Box[]
  readonly layouts: readonly Layout[]
  /** Number of nodes that it does not show. */
  readonly more: number
  /** Two masters, in words; empty without. */
  readonly split: string
}

interface Box {
  readonly id: string
  readonly part: Part
  readonly name: string
  readonly role: string
  /** From top to bottom, each with its position. */
  readonly lines: readonly { readonly y: number; readonly text: string }[]
}

interface Layout {
  readonly kind: "wide" | "narrow"
  readonly width: number
  readonly height: number
  /** Where the boxes are, and how the line of the LAN reaches them. */
  readonly places: readonly { readonly id: string; readonly x: number; readonly y: number; readonly path: string }[]
  /** The line of the LAN. */
  readonly bus: string
}

const BOX = { width: 300, height: 156, gap: 16, head: 52, lineHeight: 18 } as const
const LAN_Y = 14
/** Maximum boxes. */
const MOST = 9
/** Maximum characters of a line, and lines of a box. */
const LONGEST_LINE = 36
const MOST_LINES = 5
const LONGEST_NAME = 28
const COLUMNS = { wide: 3, narrow: 1 } as const

/** @param place `at`: number of the picture in the page, from 0. */
export function pictureOf(
  data: PageData,
  holder: Holder,
  { at, hasSeveral }: { readonly at: number; readonly hasSeveral: boolean },
): Picture {
  const rows = nodeRowsOf(data, holder, hasSeveral)
  const shown = rows.slice(0, MOST)
  const vips = data.instances.find(({ name }) => name === holder.instance)?.vips ?? []
  const boxes = shown.map((row, index) => boxOf(row, `n${at}-${index}`, vips))
  const lan = lanText(data, holder.instance)
  return {
    ...{ id: `lan${at}`, lan, boxes, more: rows.length - shown.length },
    title: `${lan}: ${shown.map(({ name, role }) => `${name} is ${role}`).join(", ")}`,
    layouts: [layoutOf("wide", boxes), layoutOf("narrow", boxes)],
    split: holder.isSplit
      ? `${listed(
          holder.masters.map(({ name }) => name),
          MOST_NAMES,
        )} are master at once: they do not hear each other. Look at the LAN between them, at a firewall (IP protocol 112), and at the flags iface and use-unicast.`
      : "",
  }
}

function lanText({ instances }: PageData, instance: string): string {
  const own = instances.find(({ name }) => name === instance)
  if (own === undefined) return `VRRP instance ${instance}`
  const how = own.isUnicast ? "unicast" : "multicast"
  return `${own.interface}, VRRP ${own.virtualRouterId}, ${how}, an advert every ${own.advertInterval} s`
}

function boxOf(row: NodeRow, id: string, vips: readonly string[]): Box {
  const holds = row.part === "master" || row.part === "split" ? `holds ${vipsText(vips, row.vips)}` : ""
  const place = [row.address, row.priority].filter((word) => word !== "").join(", ")
  const heard = row.isSelf ? "" : [row.heard, row.doubt].filter((word) => word !== "").join("; ")
  const texts = [place, holds === "" ? row.next : holds, row.since, heard]
  const lines = texts.flatMap(wrapped).slice(0, MOST_LINES)
  const name = clipped(row.isSelf ? `${row.name} (this node)` : row.name, LONGEST_NAME)
  const placed = lines.map((text, at) => ({ y: BOX.head + 22 + at * BOX.lineHeight, text }))
  return { id, part: row.part, name, role: row.role, lines: placed }
}

/** The lines of a text; an SVG has no lines of its own. */
function wrapped(text: string): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(" ").filter((one) => one !== "")) {
    const line = lines.at(-1)
    if (line === undefined || line.length + 1 + word.length > LONGEST_LINE) lines.push(clipped(word, LONGEST_LINE))
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines
}

function vipsText(vips: readonly string[], count: string): string {
  if (vips.length === 0) return count
  const [first = ""] = vips
  return vips.length > 2 ? `${counted(vips.length, "VIP")}: ${first} to ${vips.at(-1) ?? ""}` : listed(vips)
}

function layoutOf(kind: keyof typeof COLUMNS, boxes: readonly Box[]): Layout {
  const columns = Math.min(COLUMNS[kind], Math.max(1, boxes.length))
  const pitch = { x: BOX.width + BOX.gap, y: BOX.height + BOX.gap }
  const left = kind === "wide" ? 0 : 16
  const places = boxes.map(({ id }, index) => {
    const x = left + (index % columns) * pitch.x
    const y = LAN_Y + 22 + Math.floor(index / columns) * pitch.y
    return { id, x, y, path: pathTo(kind, x, y) }
  })
  const last = places.at(-1)
  const width = left + columns * pitch.x - BOX.gap
  const height = (last?.y ?? 0) + BOX.height + 2
  const bus = kind === "wide" ? `M0 ${LAN_Y}H${width}` : `M4 ${LAN_Y}V${(last?.y ?? 0) + BOX.height / 2}`
  return { kind, width, height, places, bus }
}

/** From the line of the LAN to the box; in the wide layout, boxes of later rows hang below those of the first. */
function pathTo(kind: keyof typeof COLUMNS, x: number, y: number): string {
  return kind === "wide"
    ? `M${x + BOX.width / 2} ${y}V${Math.max(LAN_Y, y - BOX.gap - 6)}`
    : `M4 ${y + BOX.height / 2}H${x}`
}
