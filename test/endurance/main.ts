/**
 * Ten thousand generations, published and applied by the programs as they are shipped, with the real keepalived, and what they hold in
 * memory, descriptors, watches and files at each thousand. Wants root. Usage: node test/endurance/main.ts [GENERATIONS]
 * Status 1 where something has grown from the first half to the second.
 */
import { buildBundle } from "../faults/support/program.ts"
import { endure } from "./endure.ts"
import { growthIn, table } from "./growth.ts"

const generations = Number(process.argv[2] ?? "10000")
if (!(generations >= 20)) throw new Error(`Cannot run: "${process.argv[2]}" generations, wanted 20 or more`)
const bundle = await buildBundle()
const since = performance.now()
try {
  const samples = await endure(bundle, generations, ({ generation, sidecar }) => {
    const seconds = Math.round((performance.now() - since) / 1_000)
    const heap = ((sidecar.heapBytes ?? 0) / 1e6).toFixed(1)
    console.error(`${generation} applied after ${seconds} s: the sidecar's heap has ${heap} MB`)
  })
  const grown = growthIn(samples)
  console.log(`${table(samples)}\n\n${grown.length === 0 ? "Nothing has grown." : grown.join("\n")}`)
  process.exitCode = grown.length === 0 ? 0 : 1
} finally {
  bundle.remove()
}
