import { table } from "../../kit/text/format.ts"
import type { Colours } from "../../terminal/screen.ts"

/** What `kubectl kkv doctor --output json` prints. */
export interface DoctorState {
  readonly healthy: boolean
  readonly nodes: readonly NodeFindings[]
}

export interface NodeFindings {
  readonly node: string
  readonly healthy: boolean
  /** As `kkv doctor` prints them. */
  readonly findings: readonly {
    readonly check: string
    readonly state: "good" | "look" | "wrong" | "unknown"
    readonly is: string
    readonly causes: string | null
    readonly action: string | null
  }[]
  /** Why the node could not be asked; null if it answered. */
  readonly failure: string | null
}

interface Look {
  readonly colours: Colours
  /** With the checks that found nothing. */
  readonly wide: boolean
}

/** The findings for people, by node. */
export function doctorText({ nodes }: DoctorState, look: Look): string {
  return nodes
    .map((one) =>
      nodeLines(one, look)
        .map((line) => `${line}\n`)
        .join(""),
    )
    .join("\n")
}

function nodeLines({ node, findings, failure }: NodeFindings, { colours, wide }: Look): readonly string[] {
  const paint = { good: colours.green, look: colours.yellow, wrong: colours.red, unknown: colours.yellow }
  if (failure !== null) return [`${colours.bold(node)}: ${colours.red("not asked")}`, `  ${failure}`]
  const bad = findings.filter(({ state }) => state !== "good")
  const shown = wide ? findings : bad
  const rows = table(shown.map(({ check, state, is }) => [check, state, is]))
  const lines = shown.flatMap(({ state, causes, action }, at) => [
    `  ${paint[state](rows[at] ?? "")}`,
    ...(causes === null ? [] : [`    causes: ${causes}`, `    to do:  ${action ?? "nothing"}`]),
  ])
  const verdict =
    bad.length === 0 ? colours.green("nothing found") : `${bad.length} of ${findings.length} checks are not good`
  return [`${colours.bold(node)}: ${verdict}`, ...lines]
}
