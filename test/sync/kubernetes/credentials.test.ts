import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { KubeConfig } from "@kubernetes/client-node"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { createLog } from "../../../src/kit/process/log.ts"
import { ApiFault, isAboutCredentials } from "../../../src/kubernetes/api-fault.ts"
import { prepare } from "../../../src/sync/kubernetes/prepare.ts"
import { createFakeClock } from "../../support/clock.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { createFakeApi } from "./fake-api.ts"
import { service } from "./fake-api-server.ts"
import { mirrored, type Scene, watching } from "./mirrored.ts"

/** A kubeconfig whose token stands in a file, as in a pod. */
function withTokenFile(use: (tokenFile: string, load: (server: string) => KubeConfig) => Promise<void>): Promise<void> {
  return withTemporaryDirectory((directory) => {
    const tokenFile = join(directory, "token")
    return use(tokenFile, (server) => {
      const config = new KubeConfig()
      const user = { name: "user", authProvider: { name: "tokenFile", config: { tokenFile } } }
      config.loadFromClusterAndUser({ name: "fake", server, skipTLSVerify: true }, user)
      return config
    })
  })
}

const missed = ({ troubles }: Scene) => troubles.filter(({ error }) => String(error).includes("ENOENT")).length

test("startReflector() reads the token again after 401, on a fake API server (fault 51)", () =>
  withTokenFile(async (tokenFile, load) => {
    writeFileSync(tokenFile, "old")
    await mirrored(
      async (scene) => {
        await watching(scene)
        const { fake, until, ports } = scene
        writeFileSync(tokenFile, "new")
        fake.refuse = ({ authorization }) => (authorization === "Bearer new" ? null : { status: 401 })
        fake.watches[0]?.end()
        await watching(scene, 2)
        fake.watches[1]?.send({ type: "MODIFIED", object: service("echo", 11, 82) })
        await until(() => ports() === "echo:82")
        assert.is(fake.watches[1]?.asked.authorization, "Bearer new")
      },
      { load },
    )
  }))

test("startReflector() goes on when a token file that was missing is there, at a list and at a watch, on a fake API server (fault 51)", () =>
  withTokenFile((tokenFile, load) =>
    mirrored(
      async (scene) => {
        const { fake, until, ports } = scene
        await until(() => missed(scene) >= 2)
        assert.is(fake.asked.length, 0, "nothing is asked without a token")
        writeFileSync(tokenFile, "old")
        await watching(scene)
        rmSync(tokenFile)
        fake.refuse = ({ authorization }) => (authorization === "Bearer new" ? null : { status: 401 })
        fake.watches[0]?.end()
        await until(() => missed(scene) >= 4)
        assert.is(ports(), "echo:80")
        writeFileSync(tokenFile, "new")
        await watching(scene, 2)
        assert.is(scene.lists(), 1)
      },
      { load, patience: { backoffMs: 5 } },
    ),
  ))

const faults: readonly (readonly [text: string, status: number | null, about: boolean])[] = [
  ["the API server answered 401", 401, true],
  ["the API server answered 403", 403, false],
  ["fetch failed: unable to verify the first certificate", null, true],
  ["fetch failed: self-signed certificate in certificate chain", null, true],
  ["fetch failed: certificate has expired", null, true],
  ["fetch failed: certificate signature failure", null, true],
  ["connect ECONNREFUSED 127.0.0.1:6443", null, false],
  ["the API server answered 500: a certificate", 500, false],
]
for (const [text, status, about] of faults) {
  test(`isAboutCredentials() of "${text}": ${about} (fault 51)`, () =>
    assert.is(isAboutCredentials(new ApiFault(text, { status })), about))
}

test("prepare() reads the credentials again where the certificate is not vouched for, with a fake API (fault 51)", async () => {
  const clock = createFakeClock()
  const api = createFakeApi(clock).client("one")
  let renewed = 0
  const preparing = prepare(
    {
      ...{ clock, random: () => 0, nodeSelector: "", pod: null },
      log: createLog({}, { level: "error", write: () => {} }),
      api: {
        ...api,
        renew: () => void (renewed += 1),
        servesEndpointSlices: async () => {
          if (renewed === 0) throw new ApiFault("unable to verify the first certificate", { status: null })
          return true
        },
      },
    },
    new AbortController().signal,
  )
  await clock.advance(2000)
  assert.equal(await preparing.done, { backends: "endpointslices", nodeSelector: "" })
  assert.is(renewed, 1)
})

test.run()
