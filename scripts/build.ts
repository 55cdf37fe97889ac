/**
 * Bundles src/ into dist/{kkv,sync,sidecar,plugin,cli}.mjs and checks that no program carries what it must not.
 * Usage: node scripts/build.ts [--out DIR] [--only PROGRAM]... [--no-maps]
 *   --out      default dist/
 *   --only     of sync, sidecar, plugin and cli; default all. kkv refuses to run what was left out.
 *   --no-maps  no source maps
 */
import { rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { build, type Metafile, type Plugin } from "esbuild"
import { forbiddenInputs } from "./bundle-rules.ts"

const root = join(import.meta.dirname, "..")
const programs = ["sync", "sidecar", "plugin", "cli"]
const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(root, "dist") },
    only: { type: "string", multiple: true, default: programs },
    maps: { type: "boolean", default: true },
  },
  allowNegative: true,
})
const unknown = values.only.filter((name) => !programs.includes(name))
if (unknown.length > 0) {
  console.error(`build: Cannot build "${unknown.join('", "')}": wanted ${programs.join(", ")}`)
  process.exit(2)
}

/** What is not wanted is replaced by a few words that say so, where kkv loads it. */
const leaveOutPrograms: Plugin = {
  name: "leave-out-programs",
  setup(esbuild) {
    const namespace = "left-out"
    esbuild.onResolve({ filter: /^\.\/[a-z]+\/main\.ts$/, namespace: "file" }, ({ path }) => {
      const name = path.split("/")[1] ?? ""
      return values.only.includes(name) ? undefined : { path: name, namespace }
    })
    esbuild.onLoad({ filter: /./, namespace }, ({ path: name }) => {
      const what = name === "cli" ? "this command" : `"${name}"`
      const text = `Cannot run ${what}: this installation has ${values.only.join(" and ")} only`
      return { contents: `throw new Error(${JSON.stringify(text)})\nexport const main = null` }
    })
  },
}

/** Packages that others use where they are there (web sockets and colours of the Kubernetes client): here they never are. */
const leaveOutOptional: Plugin = {
  name: "leave-out-optional",
  setup(esbuild) {
    const namespace = "optional"
    esbuild.onResolve({ filter: /^(bufferutil|utf-8-validate|supports-color)$/ }, ({ path }) => ({ path, namespace }))
    esbuild.onLoad({ filter: /./, namespace }, ({ path }) => ({ contents: `throw new Error("No ${path} is shipped")` }))
  },
}

const startedAt = performance.now()
await rm(values.out, { recursive: true, force: true })
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: Object.fromEntries([["kkv", "src/kkv.ts"], ...values.only.map((name) => [name, `src/${name}/main.ts`])]),
  outdir: values.out,
  outExtension: { ".js": ".mjs" },
  chunkNames: "chunk-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22.22",
  minify: true,
  keepNames: true,
  sourcemap: values.maps ? "linked" : false,
  legalComments: "external",
  // CommonJS packages in an ES module call require() for Node's own modules.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  metafile: true,
  logLevel: "warning",
  plugins: [leaveOutPrograms, leaveOutOptional],
})
await writeFile(join(values.out, "meta.json"), JSON.stringify(metafile))
report(metafile)

function report(meta: Metafile): void {
  const complaints = forbiddenInputs(meta)
  for (const complaint of complaints) console.error(complaint)
  process.exitCode = complaints.length === 0 ? 0 : 1
  const bytes = Object.values(meta.outputs).reduce((sum, output) => sum + output.bytes, 0)
  const tookMs = Math.round(performance.now() - startedAt)
  console.log(`built kkv, ${values.only.join(", ")}: ${(bytes / 1024 / 1024).toFixed(1)} MiB in ${tookMs} ms`)
}
