import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { createGenerations } from "../../src/sidecar/volume/generations.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { service, startFakeApiServer } from "../sync/kubernetes/fake-api-server.ts"
import { buildBundle, type Bundle, start, until } from "./support/program.ts"

let bundle: Bundle
test.before(async () => {
  bundle = await buildBundle()
})
test.after(() => bundle.remove())

const configMap = (last: number) => ({
  metadata: { name: "vips", namespace: "default", resourceVersion: "5" },
  data: { [`10.4.0.${last}`]: "default/echo" },
})

async function seenIn(desired: string): Promise<string> {
  const reading = await createGenerations({ directory: desired, alarm: () => {} }).read()
  if (reading.kind !== "generation") return reading.kind
  return Object.keys(reading.generation.objects.configMaps.get("default/vips")?.object.data ?? {}).join()
}

test(
  "sync killed with -9 while it lists publishes nothing of what it has, and keeps what was, on a fake API server (fault 24)",
  slow(60_000, () =>
    withTemporaryDirectory(async (directory) => {
      const fake = await startFakeApiServer()
      const desired = join(directory, "desired")
      const sync = () =>
        start(bundle, ["sync", "--apiserver-host", fake.url, "--desired", desired, "--services-configmap=default/vips"])
      fake.items.set("services", [service("echo", 3)])
      fake.items.set("configmaps", [configMap(1)])
      const first = sync()
      let last = first
      try {
        await until(async () => (await seenIn(desired)) === "10.4.0.1", "the first life publishes")
        first.child.kill("SIGKILL")
        await first.ended
        const before = fake.asked.map(({ path }) => path.split("/").at(-1) ?? "")
        const kinds = [...new Set(before)].filter((kind) =>
          ["configmaps", "nodes", "services", "endpointslices"].includes(kind),
        )
        assert.is(kinds.length, 4, String(before))
        fake.items.set("configmaps", [configMap(2)])
        // Each list in turn is the one that it is killed in, all the others are answered.
        for (const kind of kinds) {
          const killed = sync()
          last = killed
          let met = false
          fake.refuse = ({ path }) => {
            if (!path.endsWith(`/${kind}`)) return null
            met = true
            // What is answered meanwhile is answered; this list never.
            setTimeout(() => killed.child.kill("SIGKILL"), 300)
            return { status: 503 }
          }
          assert.is(await killed.ended, "SIGKILL", killed.printed())
          assert.ok(met, kind)
          assert.is(await seenIn(desired), "10.4.0.1", `killed while it listed ${kind}`)
        }
        fake.refuse = () => null
        last = sync()
        await until(
          async () => (await seenIn(desired)) === "10.4.0.2",
          "the next life publishes what it has listed whole",
        )
      } finally {
        for (const { child } of [first, last]) child.kill("SIGKILL")
        await last.ended
        await fake.close()
      }
    }),
  ),
)

test.run()
