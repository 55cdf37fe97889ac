import { readFileSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"

/** Compares what an example of the documentation prints with what stands there; `make golden` writes it down instead. */
export function assertExample(file: string, printed: string, example: string): void {
  if (process.env["UPDATE_GOLDEN"] === "1" && printed !== example)
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace(example, () => printed),
    )
  else assert.is(printed, example)
}
