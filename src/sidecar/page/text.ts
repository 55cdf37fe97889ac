import { table as columns } from "../../kit/text/format.ts"
import { visible } from "../../kit/text/escape-hidden.ts"
import type { Slice, VipRow } from "./view/vips.ts"
import type { View } from "./view/view.ts"

/** The page as text, for terminals. */
export function pageText(view: View): string {
  const { head, findings, ages, facts, vips, problems } = view
  const sections = [
    [`${head.word}: ${oneLine(head.text)}`, ...findings.map((finding) => `  ${oneLine(finding)}`)],
    table(ages.map(({ name, text }) => [name, text])),
    ...view.pictures.map(({ lan, split }) => (split === "" ? [oneLine(lan)] : [oneLine(lan), `  ${oneLine(split)}`])),
    ...view.instances.map(({ name, hasName, nodes }) => [
      ...table([
        ["NODE", hasName ? `ROLE IN ${name}` : "ROLE", "SINCE", "ADDRESS", "VIPS", "GENERATION", "HEARD", "NEXT"],
        ...nodes.rows.map((row) => [
          ...[row.name, row.role, row.since, [row.address, row.priority].join(" "), row.vips],
          ...[
            `${row.generation}${row.differs ? " (differs)" : ""}`,
            [row.heard, row.doubt].filter((word) => word !== "").join("; "),
            row.next,
          ],
        ]),
      ]),
      ...moreLine(nodes, "nodes"),
    ]),
    vipLines(vips),
    problems.total === 0
      ? []
      : ["Problems", ...problems.rows.map((row) => problemLine(row)), ...moreLine(problems, "problems")],
    view.timeline.events.length === 0
      ? []
      : [
          "Last events of this node",
          ...table(view.timeline.events.map(({ time, what, why }) => ["", time, what, why])),
        ],
    table(facts.map(({ name, text }) => [name, text])),
  ]
  const text = sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")
  return `${visible(text)}\n`
}

function vipLines(vips: View["vips"]): readonly string[] {
  if (vips.total === 0) return ["No VIPs"]
  const rows = table([["VIP", "STATE", "SERVICES", "PODS", "SERVERS", "CONNECTIONS"], ...vips.rows.map(vipCells)])
  const [head = "", ...lines] = rows
  const shown = lines.flatMap((line, at) => {
    const problem = vips.rows[at]?.problem ?? null
    return problem === null ? [line] : [line, `  ${problem.code}: ${oneLine(problem.message)}`]
  })
  return [head, ...shown, ...moreLine(vips, "VIPs")]
}

function vipCells({ vip, origin, state, services, pods, servers, connections }: VipRow): readonly string[] {
  return [origin === "" ? vip : `${vip} (${origin})`, state, services, pods, servers, connections]
}

function problemLine({ severity, place, code, message }: View["problems"]["rows"][number]): string {
  return `  ${severity}: ${oneLine(place)}: ${code}: ${oneLine(message)}`
}

function moreLine({ total, from, rows }: Slice<unknown>, what: string): readonly string[] {
  return rows.length === total
    ? []
    : [`${what} ${from + 1} to ${from + rows.length} of ${total}; ?from=${from + rows.length} for more`]
}

/** Columns of text; no cell begins a line. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  return columns(rows.map((row) => row.map(oneLine)))
}

/** A value from a user must not begin a line of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/[\t\n]+/g, " ")
}
