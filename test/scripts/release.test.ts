import { readFile, symlink } from "node:fs/promises"
import { join } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"
import { parse } from "yaml"
import * as z from "zod"

import { run } from "../support/run.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const root = join(import.meta.dirname, "../..")
const script = join(root, "scripts/release.sh")

test("release.sh without a version prints its usage", async () => {
  for (const words of [[], [""], ["1.0.0", "2.0.0"]]) {
    const { status, stderr } = await run(script, words)
    assert.equal([status, stderr], [2, "usage: make release VERSION=1.2.3, or scripts/release.sh 1.2.3\n"])
  }
})

test("release.sh refuses another way to sign, before it does anything", async () => {
  const { status, stderr } = await run(script, ["1.0.0"], { environment: { RELEASE_SIGN: "gpg" } })
  assert.is(status, 3)
  assert.match(stderr, 'Cannot sign by "gpg" (expected RELEASE_SIGN=key, keyless or no)')
})

test("release.sh says which program is missing, and how to get it", () =>
  withTemporaryDirectory(async (directory) => {
    for (const name of ["bash", "env", "dirname", "mktemp", "rm"])
      await symlink(`/usr/bin/${name}`, join(directory, name))
    const environment = { PATH: directory, KKV_CLUSTER_BIN: directory, RELEASE_SIGN: "no" }
    const { status, stderr } = await run(script, ["1.0.0"], { environment })
    assert.is(status, 3, stderr)
    assert.match(stderr, "buildah is missing; run: scripts/install.sh image, and test/cluster/build.sh chart release")
  }))

const workflow = z.looseObject({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(
    z.string(),
    z.looseObject({
      "timeout-minutes": z.number(),
      steps: z.array(z.looseObject({ run: z.string().optional(), uses: z.string().optional() })),
    }),
  ),
})

test("the workflow of a release runs scripts and targets that are there, and may write no more than it publishes", async () => {
  const { permissions, jobs } = workflow.parse(
    parse(await readFile(join(root, ".github/workflows/release.yml"), "utf8")),
  )
  assert.equal(permissions, { contents: "write", packages: "write", "id-token": "write" })
  const commands = Object.values(jobs)
    .flatMap(({ steps }) => steps.map(({ run = "" }) => run))
    .join("\n")
  const makefile = await readFile(join(root, "Makefile"), "utf8")
  const targets = [...commands.matchAll(/\bmake ([a-z-]+)/g)].map(([, target = ""]) => target)
  assert.equal(targets, ["check"])
  for (const target of targets) assert.match(makefile, new RegExp(`^${target}:`, "m"))
  const scripts = [...commands.matchAll(/\b(?:scripts|test)\/[\w/.-]+\.sh/g)].map(([path]) => path)
  assert.equal(scripts, ["test/cluster/build.sh", "scripts/release.sh"])
  for (const path of scripts) await readFile(join(root, path))
})

test.run()
