import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"

import { run } from "../../support/run.ts"

const root = join(import.meta.dirname, "../../..")
/** Folders with programs: ready ones, those of test/cluster/build.sh, those of the machine. */
const FOLDERS = [
  process.env["KKV_CLUSTER_BIN"] ?? "",
  join(root, ".cache/cluster/bin"),
  ...(process.env["PATH"] ?? "").split(delimiter),
].filter((folder) => folder !== "")

export type ChartProgram = "helm" | "kustomize" | "crane"

const paths = new Map<ChartProgram, string>()
for (const program of ["helm", "kustomize", "crane"] as const) {
  const path = FOLDERS.map((folder) => join(folder, program)).find(isProgram)
  if (path !== undefined) paths.set(program, path)
}

/**
 * Why these programs cannot run here, for `testUnless`; null where they can.
 *
 * @throws Where KKV_REQUIRE_CLUSTER=1 demands them.
 */
export function missingPrograms(...programs: readonly ChartProgram[]): string | null {
  const missing = programs.filter((program) => !paths.has(program))
  if (missing.length === 0) return null
  const reason = `no ${missing.join(" and ")}: test/cluster/build.sh chart`
  if (process.env["KKV_REQUIRE_CLUSTER"] === "1") throw new Error(`Cannot test the chart: ${reason}`)
  return reason
}

/** Runs one of the programs and gives what it printed. */
export function runProgram(program: ChartProgram, words: readonly string[]): ReturnType<typeof run> {
  return run(paths.get(program) ?? program, words, {
    directory: root,
    // No configuration of the machine counts.
    environment: { KUBECONFIG: "/dev/null", HELM_CONFIG_HOME: "/nonexistent", HELM_PLUGINS: "/nonexistent" },
  })
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
