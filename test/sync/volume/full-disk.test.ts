import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { createGenerations } from "../../../src/sidecar/volume/generations.ts"
import { serviceText, vipsText } from "../../support/manifests.ts"
import { testUnless } from "../../support/test-unless.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { publicationOf, publisherOf } from "../../support/volume.ts"

const unless = testUnless(mountObjection())
const endpoints = (third: number) => Array.from({ length: 200 }, (_, index) => `10.2.${third}.${index}`)
const publication = (third: number) =>
  publicationOf(vipsText("10.4.0.50: default/echo"), serviceText("echo", endpoints(third)))

/** `fill` takes what is left of a file system of this size; nothing may be half written under a final name. */
const exhaustions: readonly [what: string, options: string, fill: (directory: string) => void][] = [
  ["bytes", "size=200k", (directory) => writeFileSync(join(directory, "filler/0"), "x".repeat(160_000))],
  [
    "inodes",
    "nr_inodes=40",
    (directory) => {
      for (let index = 0; index < 26; index++) writeFileSync(join(directory, `filler/${index}`), "")
    },
  ],
]
for (const [what, options, fill] of exhaustions) {
  unless(
    `createPublisher() out of ${what} keeps the current generation, and goes on when there are some again (fault 15)`,
    () =>
      withTemporaryDirectory(async (directory) => {
        execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory])
        try {
          const publisher = publisherOf(directory, 1, 1)
          await publisher.publish(publication(1))
          mkdirSync(join(directory, "filler"))
          fill(directory)
          const failed = await untilItFails(async (round) => publisher.publish(publication(round)))
          assert.match(failed, /^Cannot publish the generation/)
          const generations = createGenerations({ directory, alarm: () => {} })
          const held = await generations.read()
          assert.is(held.kind === "generation" ? held.generation.sequence : held.kind, publisher.current()?.sequence)
          assert.not(readdirSync(join(directory, "generations")).some((name) => name.startsWith(".tmp-")))
          rmSync(join(directory, "filler"), { recursive: true })
          const next = await publisher.publish(publication(99))
          const reading = await generations.read()
          assert.is(reading.kind === "generation" ? reading.generation.sequence : reading.kind, next.sequence)
        } finally {
          execFileSync("umount", [directory])
        }
      }),
  )
}

/** Both the old and the new generation must fit for a moment, so at the latest the second attempt has no room. */
async function untilItFails(attempt: (round: number) => Promise<unknown>): Promise<string> {
  for (let round = 2; round < 10; round++) {
    const error = await attempt(round).catch((error: unknown) => error)
    if (error instanceof Error) return error.message
  }
  return "it never failed"
}

/** Why no file system can be mounted here; null where one can. */
function mountObjection(): string | null {
  try {
    execFileSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "ignore" })
    return null
  } catch {
    return "needs the right to mount a file system"
  }
}

test.run()
