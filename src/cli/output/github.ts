import type { Problem } from "../../kit/problem.ts"
import { problemLine } from "./problem-lines.ts"
import { fileOf, type Validation } from "./validation.ts"

/**
 * The problems as workflow commands of GitHub Actions, which shows each beside its line of a pull request.
 *
 * Source: GitHub documentation, "Workflow commands for GitHub Actions"; the escapes are those of actions/toolkit.
 */
export function githubText({ problems, notes }: Validation, verdict: string): string {
  const lines = [...problems.map(annotation), ...notes.map((note) => `::notice::${escaped(note)}`), verdict]
  return lines.map((line) => `${line}\n`).join("")
}

function annotation(problem: Problem<string>): string {
  const { code, severity, place } = problem
  const file = fileOf(problem)
  const properties = [
    ...(file === null ? [] : [`file=${escapedProperty(file)}`]),
    ...(file === null || place === null || place.line === null ? [] : [`line=${place.line}`]),
    ...(file === null || place === null || place.column === null ? [] : [`col=${place.column}`]),
    `title=${escapedProperty(code)}`,
  ]
  const text = file === null ? problemLine(problem) : problem.message
  return `::${severity} ${properties.join(",")}::${escaped(text)}`
}

function escaped(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A")
}

function escapedProperty(text: string): string {
  return escaped(text).replaceAll(":", "%3A").replaceAll(",", "%2C")
}
