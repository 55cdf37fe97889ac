import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { packageFile } from "../src/kit/files/package-file.ts"

/** How `bin/kkv` starts Node.js. */
export interface Launcher {
  readonly flags: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** Reads it from `bin/kkv` itself. */
export function readLauncher(): Launcher {
  const text = readFileSync(packageFile("bin/kkv", import.meta.url), "utf8")
  const flags = /exec "\$node" (.*) "\$root/.exec(text)?.[1]?.split(" ") ?? []
  const environment = Object.fromEntries(
    Array.from(text.matchAll(/(MALLOC_\w+)=(\d+)/g), ([, key, value]) => [key, value]),
  )
  if (flags.length === 0 || Object.keys(environment).length === 0)
    throw new Error("Cannot measure: bin/kkv does not say how it starts Node.js")
  return { flags, environment }
}

/** Runs this program again as `bin/kkv` would start it. @returns its exit status; null where it runs so already. */
export function asShipped(): number | null {
  if (process.execArgv.length > 0) return null
  const { flags, environment } = readLauncher()
  const { status } = spawnSync(process.execPath, [...flags, ...process.argv.slice(1)], {
    stdio: "inherit",
    env: { ...process.env, ...environment },
  })
  return status ?? 1
}
