import { packageVersion } from "../../kit/files/package-file.ts"
import type { Problem } from "../../kit/problem.ts"
import { problemLine } from "./problem-lines.ts"
import { fileOf, type Validation, wellFormed } from "./validation.ts"

/** The project's page, to which rules link. */
const PROJECT = "https://github.com/kube-keepalived-vip/kube-keepalived-vip"

/**
 * The problems as a SARIF log, which code scanning of GitHub and editors show: a rule for each code, with a link to what to do.
 *
 * Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
 */
export function sarifText({ problems, notes }: Validation): string {
  const codes = [...new Set(problems.map(({ code }) => code))].sort()
  const driver = {
    name: "kkv",
    semanticVersion: packageVersion(),
    informationUri: PROJECT,
    rules: codes.map((id) => ({ id, helpUri: `${PROJECT}/blob/main/docs/problems.md#${id.toLowerCase()}` })),
  }
  const notifications = notes.map((text) => ({ level: "note", message: { text } }))
  const run = {
    tool: { driver },
    invocations: [{ executionSuccessful: true, toolExecutionNotifications: notifications }],
    columnKind: "utf16CodeUnits",
    results: problems.map((problem) => resultOf(problem, codes)),
  }
  const log = { $schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] }
  return `${JSON.stringify(log, null, 2)}\n`
}

function resultOf(problem: Problem<string>, codes: readonly string[]) {
  const { code, severity, path } = problem
  const file = fileOf(problem)
  return {
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: severity,
    message: { text: file === null ? problemLine(problem) : problem.message },
    locations: [
      {
        ...(file === null ? {} : { physicalLocation: physicalLocation(file, problem) }),
        logicalLocations: [{ fullyQualifiedName: path.join(" ") }],
      },
    ],
  }
}

function physicalLocation(file: string, { place }: Problem<string>) {
  const line = place?.line ?? null
  const column = place?.column ?? null
  const region =
    line === null ? {} : { region: { startLine: line, ...(column === null ? {} : { startColumn: column }) } }
  return { artifactLocation: { uri: uriOf(file) }, ...region }
}

/** A relative path stays relative: readers resolve it at the root of the repository. */
function uriOf(file: string): string {
  const path = wellFormed(file).split("/").map(encodeURIComponent).join("/")
  return path.startsWith("/") ? `file://${path}` : path
}
