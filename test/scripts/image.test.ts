import { chmod, readFile, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { testUnless } from "../support/test-unless.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const root = join(import.meta.dirname, "../..")
const script = join(root, "scripts/image.sh")

/** Runs image.sh where the only programs are a few of the system's, and these, which are fakes. */
function runWithPrograms(fakes: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}) {
  return withTemporaryDirectory(async (directory) => {
    for (const name of ["bash", "dirname", "env"]) await symlink(`/usr/bin/${name}`, join(directory, name))
    for (const [name, text] of Object.entries(fakes)) {
      await writeFile(join(directory, name), `#!/bin/bash\n${text}\n`)
      await chmod(join(directory, name), 0o755)
    }
    return run(script, [], { environment: { PATH: directory, IMAGE_BUILDER: undefined, ...environment } })
  })
}

test("image.sh says what is missing where there is nothing to build with", async () => {
  const { status, stderr } = await runWithPrograms({})
  assert.is(status, 3)
  assert.match(stderr, /Cannot build: there is no docker, and there is no buildah; .*apt-get install buildah/)
})

test("image.sh says so where docker's daemon does not answer", async () => {
  const { status, stderr } = await runWithPrograms({ docker: "exit 1" })
  assert.is(status, 3)
  assert.match(stderr, /Cannot build: docker is there, but no daemon answers it/)
})

test("image.sh says so where docker is to write layouts", async () => {
  const { status, stderr } = await runWithPrograms({ docker: "exit 0" }, { IMAGE_LAYOUTS: "layouts" })
  assert.is(status, 3)
  assert.match(stderr, /Cannot write layouts with docker: that needs buildah; run with IMAGE_BUILDER=buildah/)
})

test("image.sh refuses a target that there is not", async () => {
  const { status, stderr } = await run(script, ["agent"])
  assert.is(status, 2)
  assert.match(stderr, "usage: scripts/image.sh [sync] [sidecar]")
})

const npm = await run("npm", ["--version"])
testUnless(Number.parseInt(npm.stdout, 10) < 10 ? "npm before 10 would fetch a newer one" : null)(
  "image.sh has docker build a target, labelled, and lists the packages of its bundle",
  slow(40_000, () =>
    withTemporaryDirectory(async (directory) => {
      const docker = join(directory, "docker")
      await writeFile(docker, `#!/bin/sh\n[ "$1" = info ] || echo "$DOCKER_BUILDKIT" "$@" >> "${directory}/words"\n`)
      await chmod(docker, 0o755)
      const { status, stdout, stderr } = await run(script, ["sidecar"], {
        environment: {
          PATH: `${directory}:${process.env["PATH"]}`,
          REGISTRY: "registry.example/team/",
          IMAGE_TAG: "1.2.3",
          IMAGE_SOURCE: "https://git.example/x",
          IMAGE_FLAGS: "--pull --platform linux/arm64",
          IMAGE_OUT: directory,
          IMAGE_BUILDER: undefined,
        },
        limitMs: 40_000,
      })
      assert.is(status, 0, stdout + stderr)
      const words = await readFile(join(directory, "words"), "utf8")
      assert.match(
        words,
        /^1 build --target sidecar --tag registry\.example\/team\/kkv-sidecar:1\.2\.3 --build-arg VERSION=\d\S* --build-arg REVISION=\S+ --build-arg CREATED=\S* --build-arg SOURCE=https:\/\/git\.example\/x --pull --platform linux\/arm64 \.\n$/,
      )
      const bill = JSON.parse(await readFile(join(directory, "kkv-sidecar.spdx.json"), "utf8")) as {
        readonly packages: readonly { readonly name: string }[]
      }
      const names = bill.packages.map(({ name }) => name)
      assert.ok(names.includes("zod") && !names.includes("@kubernetes/client-node"), names.join(" "))
    }),
  ),
)

testUnless(Number.parseInt(npm.stdout, 10) < 10 ? "npm before 10 would fetch a newer one" : null)(
  "image.sh has buildah build all platforms under one name, and write the layout of that",
  slow(40_000, () =>
    withTemporaryDirectory(async (directory) => {
      // A fake: it builds nothing.
      await writeFile(join(directory, "buildah"), `#!/bin/sh\necho "$@" | cut -d " " -f 1-10 >> "${directory}/words"\n`)
      await chmod(join(directory, "buildah"), 0o755)
      const { status, stdout, stderr } = await run(script, ["sync"], {
        environment: {
          PATH: `${directory}:${process.env["PATH"]}`,
          ...{ IMAGE_BUILDER: "buildah", IMAGE_TAG: "1.2.3", IMAGE_OUT: directory, REGISTRY: undefined },
          ...{ IMAGE_PLATFORMS: "linux/amd64,linux/arm64", IMAGE_LAYOUTS: join(directory, "layouts") },
        },
        limitMs: 40_000,
      })
      assert.is(status, 0, stdout + stderr)
      const commands = (await readFile(join(directory, "words"), "utf8")).split("\n").map((line) => line.trimEnd())
      assert.equal(commands, [
        commands[0],
        "manifest rm kkv-sync:1.2.3",
        "build --layers --format docker --target sync --manifest kkv-sync:1.2.3 --platform linux/amd64,linux/arm64",
        `manifest push --quiet --all --format oci kkv-sync:1.2.3 oci:${directory}/layouts/kkv-sync:1.2.3`,
        "",
      ])
      assert.match(
        commands[0] ?? "",
        /^build --layers --format docker --target bundles --output type=local,dest=\S+ \.$/,
      )
    }),
  ),
)

// sync's image has no shell, so the Dockerfile repeats what the launchers do.
test("the images start Node.js as bin/kkv does", async () => {
  const text = async (file: string) => readFile(join(root, file), "utf8")
  const flagsOf = (line: string | undefined) => line?.match(/--[a-z][a-z-]*(?:=\d+)?/g)
  const lineOf = (all: string, pattern: RegExp) => all.split("\n").find((line) => pattern.test(line))
  const wanted = flagsOf(lineOf(await text("bin/kkv"), /exec "\$node"/))
  assert.is(wanted?.length, 3)
  assert.equal(flagsOf(lineOf(await text("image/kkv"), /exec node/)), wanted)
  assert.equal(flagsOf(lineOf(await text("Dockerfile"), /^ENTRYPOINT .*"sync"\]$/)), wanted)
  for (const file of ["bin/kkv", "image/kkv", "Dockerfile"])
    assert.match(await text(file), "MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_MMAP_THRESHOLD_=65536")
})

test.run()
