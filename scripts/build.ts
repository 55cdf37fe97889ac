/**
 * Bundles src/ into dist/{kkv,sync,sidecar,cli}.mjs and checks that no program carries what it must not.
 * Usage: node scripts/build.ts [--out DIR]
 */
import { existsSync } from "node:fs"
import { rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { build, type Metafile, type Plugin } from "esbuild"
import { forbiddenInputs } from "./bundle-rules.ts"

const root = join(import.meta.dirname, "..")
const { values } = parseArgs({ options: { out: { type: "string", default: join(root, "dist") } } })

const entries = {
  kkv: "src/kkv.ts",
  sync: "src/sync/main.ts",
  sidecar: "src/sidecar/main.ts",
  cli: "src/cli/main.ts",
}
const present = Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(join(root, file))))

/** A program that is not written yet is left to fail when it is called. */
const leaveOutMissing: Plugin = {
  name: "leave-out-missing",
  setup(esbuild) {
    esbuild.onResolve({ filter: /\/main\.ts$/, namespace: "file" }, ({ path, resolveDir }) =>
      existsSync(join(resolveDir, path)) ? undefined : { path, external: true },
    )
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
  entryPoints: present,
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
  sourcemap: "linked",
  legalComments: "external",
  // CommonJS packages in an ES module call require() for Node's own modules.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  metafile: true,
  logLevel: "warning",
  plugins: [leaveOutMissing, leaveOutOptional],
})
await writeFile(join(values.out, "meta.json"), JSON.stringify(metafile))
report(metafile)

function report(meta: Metafile): void {
  const complaints = forbiddenInputs(meta)
  for (const complaint of complaints) console.error(complaint)
  process.exitCode = complaints.length === 0 ? 0 : 1
  const bytes = Object.values(meta.outputs).reduce((sum, output) => sum + output.bytes, 0)
  const programs = Object.keys(present).join(", ")
  const tookMs = Math.round(performance.now() - startedAt)
  console.log(`built ${programs}: ${(bytes / 1024 / 1024).toFixed(1)} MiB with source maps in ${tookMs} ms`)
}
