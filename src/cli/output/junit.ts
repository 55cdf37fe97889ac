import type { Problem } from "../../kit/problem.ts"
import { countProblems, problemLine } from "./problem-lines.ts"
import { fileOf, type Validation, wellFormed } from "./validation.ts"

/**
 * The problems as a JUnit report: a test case for each, which fails if the problem is an error, and one that passes for each
 * ConfigMap. It has no times, so equal manifests give equal reports.
 *
 * Source: the schema of Jenkins' xUnit plugin (junit-10.xsd), which GitLab reads as well.
 */
export function junitText({ configMaps, problems, notes }: Validation, verdict: string): string {
  const counts = `tests="${configMaps.length + problems.length}" failures="${countProblems(problems).errors}" errors="0"`
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="kkv validate" ${counts}>`,
    `  <testsuite name="kkv validate" ${counts} skipped="0">`,
    ...configMaps.map((name) => `    <testcase classname="ConfigMap" name="${escaped(name)}"/>`),
    ...problems.flatMap(caseOf),
    `    <system-out>${escaped([...notes.map((note) => `note: ${note}`), verdict].join("\n"))}</system-out>`,
    "  </testsuite>",
    "</testsuites>",
  ]
  return lines.map((line) => `${line}\n`).join("")
}

function caseOf(problem: Problem<string>): readonly string[] {
  const { code, severity, path } = problem
  const file = fileOf(problem)
  const where = file === null ? "" : ` file="${escaped(file)}"`
  const named = `classname="${escaped(file ?? "manifests")}" name="${escaped(`${code} ${path.join(" ")}`)}"`
  const text = escaped(problemLine(problem))
  const inside =
    severity === "error"
      ? `<failure type="${escaped(code)}" message="${escaped(problem.message)}">${text}</failure>`
      : `<system-out>${text}</system-out>`
  return [`    <testcase ${named}${where}>`, `      ${inside}`, "    </testcase>"]
}

/** Text for an element or an attribute. Characters that XML 1.0 forbids, and that no terminal hides, become U+FFFD. */
function escaped(text: string): string {
  return wellFormed(text)
    .replaceAll(/[\uFFFE\uFFFF]/g, "\uFFFD")
    .replaceAll(/[&<>"'\n\t]/g, (character) => `&#${character.charCodeAt(0)};`)
}
