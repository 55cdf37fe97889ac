import { packageFile } from "../../src/kit/files/package-file.ts"
import { type Ended, run } from "./run.ts"

/** Prometheus' own checker of rules, which scripts/promtool.sh unpacks. */
const PROGRAM = packageFile(".cache/promtool/promtool", import.meta.url)

/** Runs promtool. @throws When it is missing; `scripts/install.sh all` brings it. */
export function promtool(...words: readonly string[]): Promise<Ended> {
  return run(PROGRAM, words)
}
