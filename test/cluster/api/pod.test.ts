import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { figures } from "../../support/figures.ts"
import { slow } from "../../support/slow.ts"
import { type Access, newToken } from "./support/access.ts"
import { apiServer, apply, auditFromNow, kubectl } from "./support/cluster.ts"
import { echoNamespace, untilEndpoints } from "./support/objects.ts"
import { restart } from "./support/outage.ts"
import { inScene, type Scene } from "./support/scene.ts"
import type { Sync } from "./support/sync.ts"
import { pause } from "./support/until.ts"

/** The API server takes a token that it has seen for good so long, after what it is bound to is gone. */
const TOKEN_CACHE_MS = 12_000

/** sync as a container of a pod finds the world: its service account's files, the API server's address, its own name. */
interface InPod {
  readonly sync: Sync
  /** Replaces the token, as the kubelet does. */
  rotate(token: string): void
}

async function inPod(scene: Scene, token: string): Promise<InPod> {
  const { namespace, serviceAccount } = scene.access
  await apply(`apiVersion: v1
kind: Pod
metadata: { namespace: ${namespace}, name: kkv }
spec:
  serviceAccountName: ${serviceAccount}
  nodeSelector: { edge: "true" }
  containers: [{ name: sync, image: sync }]`)
  const files = join(scene.directory, "serviceaccount")
  mkdirSync(files)
  const rotate = (text: string) => writeFileSync(join(files, "token"), text)
  rotate(token)
  writeFileSync(join(files, "namespace"), namespace)
  writeFileSync(join(files, "ca.crt"), await rootCertificate(namespace))
  const sync = scene.sync({
    source: [],
    flags: [],
    environment: {
      KUBERNETES_SERVICE_HOST: apiServer.host,
      KUBERNETES_SERVICE_PORT: String(apiServer.port),
      POD_NAMESPACE: namespace,
      POD_NAME: "kkv",
    },
    wrapper: ["unshare", "--mount", "sh", "-c", mounted(files), "sh"],
  })
  return { sync, rotate }
}

/** A mount namespace where the files stand as the kubelet mounts them. */
function mounted(files: string): string {
  const place = "/run/secrets/kubernetes.io"
  return `mount -t tmpfs run /run && mkdir -p ${place} && ln -s ${files} ${place}/serviceaccount && exec "$@"`
}

/** What the controller manager puts into each namespace. */
function rootCertificate(namespace: string): Promise<string> {
  return kubectl(["-n", namespace, "get", "configmap", "kube-root-ca.crt", "-o", "jsonpath={.data.ca\\.crt}"])
}

/** A token that can be taken back: by deleting the Secret of this name. */
async function tokenBoundTo(access: Access, secret: string): Promise<string> {
  await kubectl(["-n", access.namespace, "create", "secret", "generic", secret])
  return newToken(access, secret)
}

async function takeBack({ namespace }: Access, secret: string): Promise<void> {
  await kubectl(["-n", namespace, "delete", "secret", secret, "--ignore-not-found"])
  await pause(TOKEN_CACHE_MS)
}

test(
  "in a pod: the service account's token is enough, and the pod's nodeSelector says which Nodes count",
  inScene(async (scene) => {
    const namespace = scene.namespace("pod")
    await echoNamespace(namespace, 2)
    await scene.entries({ "10.4.0.50": `${namespace}/echo` })
    const audited = auditFromNow(scene.access.user)
    const { sync } = await inPod(scene, await newToken(scene.access))
    const { nodes } = await sync.until(
      "it publishes",
      ({ services }) => services.get(`${namespace}/echo`)?.endpoints.length === 2,
    )
    assert.equal(nodes, ["node-0", "node-1"])
    assert.equal(
      audited().filter(({ status }) => status >= 400),
      [],
    )
    assert.ok(audited().some(({ resource, verb }) => resource === "pods" && verb === "get"))
  }),
)

test(
  "the token is rotated: what comes then uses the new one, also where the old one was refused first",
  slow(
    180_000,
    inScene(async (scene) => {
      const namespace = scene.namespace("rotate")
      const echo = `${namespace}/echo`
      await echoNamespace(namespace, 1)
      await scene.entries({ "10.4.0.50": echo })
      const secrets = ["token-1", "token-2"].map((name) => `${name}-${namespace}`)
      const [first = "", second = ""] = secrets
      try {
        const { sync, rotate } = await inPod(scene, await tokenBoundTo(scene.access, first))
        const before = await sync.until("it publishes", ({ services }) => services.get(echo)?.endpoints.length === 1)

        // In order: the new token stands there before the old one ends.
        rotate(await tokenBoundTo(scene.access, second))
        await takeBack(scene.access, first)
        const everybody = auditFromNow(null)
        await restart("kube-apiserver")
        await scene.entries({ "10.4.0.50": echo, "10.4.0.51": "" })
        const startedAt = performance.now()
        await sync.until("it goes on with the new token", ({ entries }) => "10.4.0.51" in entries, 30_000)
        figures({ inOrderMs: Math.round(performance.now() - startedAt) })
        const refusedOnce = everybody().filter(({ status }) => status === 401).length
        assert.ok(refusedOnce <= 8, `each of four may be refused, and be it twice: ${refusedOnce}`)

        // Out of order: the token ends while the file has no other.
        await takeBack(scene.access, second)
        const from = sync.log.length
        await restart("kube-apiserver")
        await sync.untilLogged("it says that it is refused", (line) => /401/.test(String(line["reason"])), from, 20_000)
        await scene.entries({ "10.4.0.50": echo, "10.4.0.52": "" })
        await pause(10_000)
        assert.equal(Object.keys(sync.current()?.entries ?? {}), ["10.4.0.50", "10.4.0.51"], "what was published stays")
        await sync.untilStatus("so does the state", ({ state }) => state === "published")
        const fromHere = performance.now()
        rotate(await newToken(scene.access))
        await sync.until("it goes on as soon as there is a token", ({ entries }) => "10.4.0.52" in entries, 30_000)
        const refused = everybody().filter(({ status }) => status === 401).length
        figures({ outOfOrderMs: Math.round(performance.now() - fromHere), refusedOnce, refused })
        assert.ok(refused <= 60, `it does not hammer with a token that is refused: ${refused}`)
        assert.ok(
          sync.seen.every(({ generation }) => generation.sequence < before.sequence || generation.services.has(echo)),
        )
      } finally {
        await kubectl(["-n", scene.access.namespace, "delete", "secret", ...secrets, "--ignore-not-found"])
      }
      await untilEndpoints(namespace, 1)
    }),
  ),
)

test.run()
