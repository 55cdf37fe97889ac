import { mkdir, writeFile } from "node:fs/promises"
import { join, relative } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { REFUSED, REFUSED_MAPPINGS, type RefusedEntry, TAKEN, TAKEN_MAPPINGS } from "../../support/entry-cases.ts"
import { slow } from "../../support/slow.ts"
import { kubectl } from "./support/cluster.ts"
import { configMap } from "./support/objects.ts"
import { inScene } from "./support/scene.ts"
import { until } from "./support/until.ts"

const component = join(import.meta.dirname, "../../../manifests/components/admission")

/** What the API server makes of a ConfigMap with this entry: nothing, or its words. Nothing is written. */
async function refusalOf(key: string, entry: readonly [address: string, value: string]): Promise<string | null> {
  const input = configMap(key, { [entry[0]]: entry[1] })
  try {
    await kubectl(["apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", "-"], { input })
    return null
  } catch (error) {
    return /denied request: (.*)/.exec(String(error))?.[1] ?? `no denial: ${String(error)}`
  }
}

/** What the policy says of an entry; of a key that no ConfigMap may have the API server itself says something. */
function wordsFor({ key, code, says }: RefusedEntry): RegExp {
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) return /Invalid value/
  if (says !== undefined && says !== null) return says
  const entry = key.replaceAll(".", String.raw`\.`)
  if (code === "BAD_ADDRESS") return new RegExp(`^Cannot announce "${entry}"`)
  return code === "SERVICE_NAMED_TWICE"
    ? new RegExp(`^Cannot forward ${entry} to the same Service twice`)
    : /^Cannot read the line/
}

test(
  "the admission component: a broken entry is refused where it is applied, with our words, and never one that the nodes take",
  slow(
    120_000,
    inScene(async ({ access, directory }) => {
      const folder = join(directory, "policy")
      await mkdir(folder)
      await writeFile(join(folder, "kustomization.yaml"), `components: [${relative(folder, component)}]\n`)
      await kubectl(["apply", "-k", folder])
      try {
        const key = access.configMapKey
        // A policy counts some seconds after it was written.
        await until("the policy counts", 30_000, () => refusalOf(key, ["foo", ""]))
        for (const entry of REFUSED) {
          const said = await refusalOf(key, [entry.key, entry.text])
          assert.match(said ?? "it is taken", wordsFor(entry), `${entry.key}: ${entry.text}: ${said}`)
        }
        for (const { text } of TAKEN) assert.is(await refusalOf(key, ["10.4.0.50", text]), null, text)
        for (const { text } of TAKEN_MAPPINGS) assert.is(await refusalOf(key, ["web", text]), null, text)
        for (const [text, code, , , says] of REFUSED_MAPPINGS) {
          const said = await refusalOf(key, ["web", text])
          if (says === null) assert.is(said, null, `${code}: ${text}`)
          else assert.match(said ?? "it is taken", says, `${code}: ${text}: ${said}`)
        }
        assert.is(await refusalOf("default/vip-configmap", ["foo", ""]), null, "other ConfigMaps are nobody's business")
      } finally {
        await kubectl(["delete", "-k", folder])
      }
    }),
  ),
)

test.run()
