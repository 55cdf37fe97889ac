import { readdirSync, readFileSync } from "node:fs"

import { packageFile } from "../../kit/files/package-file.ts"
import { EXIT } from "../../terminal/exit-status.ts"
import type { Terminal } from "../output/terminal.ts"
import { listed } from "../../kit/text/format.ts"

/** Prints a JSON Schema that ships with the package. @param name Such as `entry`. @throws if the installation has none. */
export function schema(name: string, terminal: Terminal): number {
  const names = readdirSync(packageFile("schema"))
    .flatMap((file) => (file.endsWith(".json") ? file.slice(0, -".json".length) : []))
    .toSorted()
  if (!names.includes(name)) {
    terminal.err(`kkv: Cannot print the schema ${JSON.stringify(name)}: there are ${listed(names, names.length)}\n`)
    return EXIT.no
  }
  terminal.out(readFileSync(packageFile(`schema/${name}.json`), "utf8"))
  return EXIT.good
}
