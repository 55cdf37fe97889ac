import { execFile } from "node:child_process"
import { promisify } from "node:util"

import { packageVersion } from "../../kit/files/package-file.ts"
import { EXIT } from "../../terminal/exit-status.ts"
import type { Terminal } from "../output/terminal.ts"
import { table } from "../../kit/text/format.ts"

/** Prints the versions of this package, of Node.js, and of keepalived if it is installed. */
export async function version(
  options: { readonly keepalived: string; readonly output: "text" | "json" },
  terminal: Terminal,
): Promise<number> {
  const versions = {
    kkv: packageVersion(),
    node: process.versions.node,
    keepalived: await keepalivedVersion(options.keepalived),
  }
  if (options.output === "json") terminal.out(`${JSON.stringify(versions, null, 2)}\n`)
  else
    terminal.out(
      table([
        ["kkv", versions.kkv],
        ["Node.js", versions.node],
        ["keepalived", versions.keepalived ?? "not found"],
      ])
        .map((line) => `${line}\n`)
        .join(""),
    )
  return EXIT.good
}

/** keepalived prints its version on standard error: `Keepalived v2.2.7 (01/16,2022)`. Null if it cannot be run. */
async function keepalivedVersion(program: string): Promise<string | null> {
  try {
    const { stderr, stdout } = await promisify(execFile)(program, ["--version"], { timeout: 5_000 })
    return /Keepalived v(\S+)/.exec(stderr + stdout)?.[1] ?? null
  } catch {
    return null
  }
}
