import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { systemClock } from "../../src/kit/time/clock.ts"
import { createConfigTest } from "../../src/sidecar/keepalived/config-test.ts"
import { figures } from "../support/figures.ts"
import { createNetworkNamespace, keepalivedReleases, rootObjection } from "../support/keepalived.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { testUnless } from "../support/test-unless.ts"
import { anyCase, createTry } from "./case.ts"

const SAMPLE = 20

/** Different keepalived.confs that hostile objects led to, those with the most in them first. */
function sampleOf(seed: number): readonly string[] {
  const attempt = createTry()
  const texts = new Set<string>()
  for (const one of fc.sample(anyCase, { seed, numRuns: 8 * SAMPLE })) {
    const { text } = attempt(one)
    if (text !== null) texts.add(text)
  }
  return [...texts].toSorted((a, b) => b.length - a.length).slice(0, SAMPLE)
}

testUnless(rootObjection())(
  "each release of keepalived takes what hostile strings lead to, without a word (faults 58, 59)",
  slow(120_000, async () => {
    const seed = Date.now() % 2 ** 31
    const texts = sampleOf(seed)
    assert.is(texts.length, SAMPLE)
    const namespace = await createNetworkNamespace()
    try {
      for (const release of await keepalivedReleases())
        await withTemporaryDirectory(async (directory) => {
          const configTest = createConfigTest({
            clock: systemClock,
            program: await namespace.wrap(join(directory, "keepalived"), release.path),
          })
          const file = join(directory, "keepalived.conf")
          for (const text of texts) {
            await writeFile(file, text)
            const verdict = await configTest(file)
            assert.is(
              verdict.kind,
              "accepted",
              `keepalived ${release.version}, seed ${seed}: ${JSON.stringify(verdict)}\n${text}`,
            )
          }
          figures({ [release.version]: `${texts.length} accepted`, lines: texts[0]?.split("\n").length })
        })
    } finally {
      await namespace.remove()
    }
  }),
)

test.run()
