/**
 * Narrows npm's bill of materials to what a bundle really contains.
 * Usage: npm sbom --package-lock-only --sbom-format spdx | node scripts/sbom.ts --bundle META.json --name NAME
 *   --bundle  the meta.json that scripts/build.ts left beside the bundle
 *   --name    of the document, such as kkv-sync
 * Prints the document on standard output.
 */
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import type { Metafile } from "esbuild"
import { type Bill, billOfBundle } from "./bill-of-bundle.ts"

const { values } = parseArgs({ options: { bundle: { type: "string" }, name: { type: "string" } } })
if (values.bundle === undefined || values.name === undefined) {
  console.error("usage: sbom.ts --bundle META.json --name NAME < SBOM")
  process.exit(2)
}
const bill = JSON.parse(readFileSync(0, "utf8")) as Bill
const meta = JSON.parse(readFileSync(values.bundle, "utf8")) as Metafile
console.log(JSON.stringify({ ...billOfBundle(bill, Object.keys(meta.inputs)), name: values.name }, null, 2))
