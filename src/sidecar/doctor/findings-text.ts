import { table } from "../../kit/text/format.ts"
import { coloursOf, type Screen } from "../../terminal/screen.ts"
import type { Finding } from "./finding.ts"

/** All findings as a table, and below it what each one that is not good causes, and what to do. */
export function findingsText(findings: readonly Finding[], screen: Pick<Screen, "colour">): string {
  const colours = coloursOf(screen)
  const paint = { good: colours.green, look: colours.yellow, wrong: colours.red, unknown: colours.yellow }
  const [head = "", ...rows] = table([
    ["CHECK", "STATE", "FOUND"],
    ...findings.map(({ check, state, is }) => [check, state, is]),
  ])
  const lines = rows.flatMap((row, at) => {
    const finding = findings[at]
    if (finding === undefined) return []
    const more =
      finding.causes === null ? [] : [`  causes: ${finding.causes}`, `  to do:  ${finding.action ?? "nothing"}`]
    return [paint[finding.state](row), ...more]
  })
  const bad = findings.filter(({ state }) => state !== "good").length
  const verdict = bad === 0 ? "Nothing found" : `${bad} of ${findings.length} checks are not good`
  return [colours.bold(head), ...lines, "", verdict].map((line) => `${line}\n`).join("")
}
