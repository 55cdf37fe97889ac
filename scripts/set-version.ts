/**
 * Gives this checkout another version: package.json and its lock, the label and the tags of manifests/base, the chart, and the section
 * "Unreleased" of CHANGELOG.md, which becomes that of the version.
 * Usage: node scripts/set-version.ts VERSION, such as 1.2.3 or 1.2.3-rc.1
 * exit: 0 done, 1 the changelog has nothing for it, 2 usage
 */
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { isVersion, withSection } from "./release/changelog.ts"

const root = join(import.meta.dirname, "..")
const [version, ...rest] = process.argv.slice(2)
if (version === undefined || rest.length > 0 || !isVersion(version)) {
  console.error("usage: set-version.ts VERSION, such as 1.2.3 or 1.2.3-rc.1, without a v")
  process.exit(2)
}

try {
  change("CHANGELOG.md", (text) => withSection(text, version))
} catch (error) {
  console.error((error as Error).message)
  process.exit(1)
}
change("package.json", (text) => withVersion(text, version))
change("package-lock.json", (text) => withVersion(text, version))
change("manifests/base/kustomization.yaml", (text) =>
  text.replaceAll(/^( *(?:app\.kubernetes\.io\/version|newTag): ).*$/gm, `$1${version}`),
)
process.exitCode = spawnSync(process.execPath, [join(root, "scripts/chart.ts")], { stdio: "inherit" }).status ?? 1

function change(file: string, by: (text: string) => string): void {
  const path = join(root, file)
  writeFileSync(path, by(readFileSync(path, "utf8")))
}

/** A package or its lock with this version, for itself alone. */
function withVersion(text: string, version: string): string {
  const parsed = JSON.parse(text) as { version: string; packages?: Record<string, { version: string }> }
  parsed.version = version
  const own = parsed.packages?.[""]
  if (own !== undefined) own.version = version
  return `${JSON.stringify(parsed, null, 2)}\n`
}
