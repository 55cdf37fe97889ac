import { mkdir, writeFile } from "node:fs/promises"
import { join, relative } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { parseShortForm } from "../../../src/core/declare/short-form.ts"
import { rawEntry } from "../../core/fixture.ts"
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

const refused: readonly (readonly [address: string, value: string, words: RegExp])[] = [
  ["10.4.0.999", "default/a", /^Cannot announce "10\.4\.0\.999": it is not a valid IPv4 address/],
  ["foo", "default/a", /^Cannot announce "foo"/],
  ["010.4.0.50", "default/a", /^Cannot announce "010\.4\.0\.50"/],
  [
    "127.0.0.1",
    "default/a",
    /^Cannot announce "127\.0\.0\.1": it is in a range that no host of a LAN has an address in/,
  ],
  ["224.0.0.18", "default/a", /^Cannot announce "224\.0\.0\.18"/],
  ["169.254.50.1", "default/a", /^Cannot announce "169\.254\.50\.1"/],
  ["0.0.0.0", "default/a", /^Cannot announce "0\.0\.0\.0"/],
  ["255.255.255.255", "default/a", /^Cannot announce "255\.255\.255\.255"/],
  [
    "10.4.0.50",
    "default/a:NATX",
    /^Cannot read the line "default\/a:NATX" of the entry 10\.4\.0\.50 \(expected namespace\/service/,
  ],
  ["10.4.0.50", "a/b/c", /^Cannot read the line "a\/b\/c"/],
  ["10.4.0.50", "a//b", /^Cannot read the line/],
  ["10.4.0.50", "default/a\ndefault/b:DRAG", /^Cannot read the line "default\/b:DRAG"/],
  ["10.4.0.50", "default/a\n- default/b", /^Cannot read the line "- default\/b"/],
  ["10.4.0.50", `default/${"a".repeat(64)}`, /^Cannot read the line/],
  ["10.4.0.50", "default/a\n# x\ndefault/b\ndefault/a:DR", /^Cannot forward 10\.4\.0\.50 to the same Service twice/],
]
const taken: readonly (readonly [address: string, value: string])[] = [
  ["10.4.0.50", "default/a"],
  ["10.4.0.50", "default/a:NAT"],
  ["10.4.0.50", "default/a:DR"],
  ["10.4.0.50", "default/a:dr"],
  ["10.4.0.50", ""],
  ["10.4.0.50", "default/a\n\n  default/b:DR  \n"],
  ["10.4.0.50", "default/a\r\ndefault/b\r\n"],
  ["10.4.0.50", "# a: b\n  # default/a\ndefault/a # default/b\ndefault/b"],
  ["10.4.0.50", `${"n".repeat(63)}/${"s".repeat(63)}`],
]

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
        for (const [address, value, words] of refused) {
          const said = await refusalOf(key, [address, value])
          assert.match(said ?? "it is taken", words, `${address}: ${value}: ${said}`)
          assert.ok(parseShortForm(rawEntry(address, value)).problems.length > 0)
        }
        for (const [address, value] of taken) {
          assert.is(await refusalOf(key, [address, value]), null)
          assert.equal(parseShortForm(rawEntry(address, value)).problems, [])
        }
        assert.is(await refusalOf("default/vip-configmap", ["foo", ""]), null, "other ConfigMaps are nobody's business")
      } finally {
        await kubectl(["delete", "-k", folder])
      }
    }),
  ),
)

test.run()
