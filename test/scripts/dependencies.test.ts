import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import * as z from "zod"

const root = join(import.meta.dirname, "../..")
const read = (file: string) => readFileSync(join(root, file), "utf8")

const lockSchema = z.object({
  lockfileVersion: z.literal(3),
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      resolved: z.string().optional(),
      integrity: z.string().optional(),
      hasInstallScript: z.boolean().optional(),
      dependencies: z.record(z.string(), z.string()).optional(),
      devDependencies: z.record(z.string(), z.string()).optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
})
const { packages } = lockSchema.parse(JSON.parse(read("package-lock.json")))
const locked = Object.entries(packages).filter(([path]) => path !== "")

test("package-lock.json has each package in one version, from a registry, with the checksum of its bytes", () => {
  assert.ok(locked.length > 100)
  for (const [path, { version, resolved, integrity }] of locked) {
    assert.match(version ?? "", /^\d+\.\d+\.\d+/, path)
    assert.match(integrity ?? "", /^sha512-/, path)
    // No address of a registry, nor of anything else: git, a file, a tar somewhere.
    assert.is(resolved, undefined, path)
  }
})

test("package-lock.json is that of package.json", () => {
  const wanted = lockSchema.shape.packages.valueType.parse(JSON.parse(read("package.json")))
  const { dependencies, devDependencies, optionalDependencies } = packages[""] ?? {}
  assert.equal(
    { dependencies, devDependencies, optionalDependencies },
    {
      dependencies: wanted.dependencies,
      devDependencies: wanted.devDependencies,
      optionalDependencies: wanted.optionalDependencies,
    },
  )
})

test("no package's script runs when it is installed, here or in an image", () => {
  assert.match(read(".npmrc"), /^ignore-scripts=true$/m)
  assert.match(read("Dockerfile"), /^COPY package\.json package-lock\.json \.npmrc \.\/$/m)
  const installs = ["Dockerfile", "scripts/install.sh", "test/image/base.sh"].flatMap((file) =>
    read(file)
      .split("\n")
      .filter((line) => /^\s*(?:RUN )?npm (?:install|ci)\b/.test(line)),
  )
  assert.is(installs.length, 3)
  for (const line of installs) assert.match(line, "--ignore-scripts")
  // esbuild's would only make a copy of the program faster to start.
  assert.equal(
    locked.flatMap(([path, { hasInstallScript }]) => (hasInstallScript === true ? [path] : [])),
    ["node_modules/esbuild"],
  )
})

test("all that the Dockerfile copies from the checkout is in the context of the build", () => {
  const context = new Set([...read(".dockerignore").matchAll(/^!(.*)$/gm)].map(([, path]) => path))
  const copied = [...read("Dockerfile").matchAll(/^COPY (?!--from)(.*)$/gm)].flatMap(([, words = ""]) =>
    words.split(" ").slice(0, -1),
  )
  assert.ok(copied.length > 5)
  for (const path of copied) assert.ok(context.has(path) || context.has(path.split("/")[0]), path)
})

test("the Dockerfile's bases are pinned by digest", () => {
  const text = read("Dockerfile")
  const bases = [...text.matchAll(/^ARG (\w+_IMAGE)=(.*)$/gm)].map(
    ([, name = "", image = ""]) => [name, image] as const,
  )
  assert.equal(
    bases.map(([name]) => name),
    ["NODE_IMAGE", "DEBIAN_IMAGE"],
  )
  for (const [, image] of bases) assert.match(image, /^[a-z]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}$/)
  for (const [, from = ""] of text.matchAll(/^FROM (?:--platform=\S+ )?(\S+)/gm))
    assert.match(from, /^(?:\$\{(?:NODE|DEBIAN)_IMAGE\}|scratch)$/)
  // Nothing is fetched but by npm and apt, which check what they get.
  assert.not.match(text, /\b(?:curl|wget|git clone)\b|^ADD /m)
})

test("every Go program of the cluster bed has checksums of its modules, and the build changes none", () => {
  const modules = readdirSync(join(root, "test/cluster/go"))
  assert.ok(modules.length >= 4)
  for (const name of modules) {
    if (!/^\s*(?:require )?\S+\.\S+\/\S+ v\d/m.test(read(`test/cluster/go/${name}/go.mod`))) continue
    assert.match(read(`test/cluster/go/${name}/go.sum`), /^\S+ v\S+ h1:\S{43}=$/m, name)
  }
  assert.match(read("test/cluster/build.sh"), /GOFLAGS=-mod=readonly/)
})

test.run()
