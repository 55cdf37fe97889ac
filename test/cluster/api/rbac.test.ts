import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { slow } from "../../support/slow.ts"
import { type Access, newToken, writeKubeconfig } from "./support/access.ts"
import { auditFromNow, kubectl } from "./support/cluster.ts"
import { configMap, echoNamespace } from "./support/objects.ts"
import { inScene, type Scene } from "./support/scene.ts"

/** `kubectl auth can-i` as sync's ServiceAccount. */
async function can(access: Access, ...words: readonly string[]): Promise<boolean> {
  try {
    return (await kubectl(["auth", "can-i", ...words, `--as=${access.user}`, ...GROUPS])).trim() === "yes"
  } catch (error) {
    // It ends with 1 where the answer is no, and says so.
    if (/ended with 1: no\b/.test(String(error))) return false
    throw error
  }
}

/** Those of every ServiceAccount; --as alone would know none of them. */
const GROUPS = ["--as-group=system:serviceaccounts", "--as-group=system:authenticated"]

/** Tries it, with the real token, and gives what the API server answered. */
async function tried({ kubeconfig }: Scene, words: readonly string[], input?: string): Promise<string> {
  try {
    await kubectl(words, { kubeconfig, ...(input === undefined ? {} : { input }) })
    return "done"
  } catch (error) {
    return /forbidden/i.test(String(error)) ? "forbidden" : String(error)
  }
}

test(
  "a real token of the shipped ServiceAccount is enough for all that sync does",
  inScene(async (scene) => {
    const namespace = scene.namespace("enough")
    await echoNamespace(namespace, 2)
    await scene.entries({ "10.4.0.50": `${namespace}/echo` })
    const audited = auditFromNow(scene.access.user)
    const sync = scene.sync()
    await sync.until("it publishes", ({ services }) => services.get(`${namespace}/echo`)?.endpoints.length === 2)
    await kubectl(["-n", namespace, "scale", "deployment/echo", "--replicas=1"])
    await sync.until("it follows", ({ services }) => services.get(`${namespace}/echo`)?.endpoints.length === 1)
    const asked = audited()
    assert.ok(asked.length >= 8, "lists and watches of four resources")
    assert.equal(
      asked.filter(({ status }) => status >= 400).map(({ verb, uri, status }) => `${status} ${verb} ${uri}`),
      [],
    )
  }),
)

test(
  "and for nothing else: kubectl auth can-i",
  slow(
    60_000,
    inScene(async ({ access }) => {
      const [own = "", name = ""] = access.configMapKey.split("/")
      const wanted: readonly (readonly [words: string, allowed: boolean])[] = [
        [`list services -n default`, true],
        [`watch endpointslices.discovery.k8s.io -n default`, true],
        [`list nodes`, true],
        [`watch configmaps/${name} -n ${own}`, true],
        [`get pods -n ${access.namespace}`, true],
        [`get secrets -n ${own}`, false],
        [`list secrets -A`, false],
        [`list configmaps -n ${own}`, false],
        [`list configmaps -A`, false],
        [`get configmaps/kube-root-ca.crt -n ${own}`, false],
        [`list configmaps/${name} -n kube-system`, false],
        ...["create", "update", "patch", "delete"].map(
          (verb) => [`${verb} configmaps/${name} -n ${own}`, false] as const,
        ),
        ...["create", "update", "patch", "delete"].map((verb) => [`${verb} services -n default`, false] as const),
        [`patch nodes`, false],
        [`patch nodes/status`, false],
        [`list pods -n default`, false],
        [`create pods -n ${own}`, false],
        [`create pods/exec -n ${own}`, false],
        [`get pods -n kube-system`, false],
        [`create serviceaccounts/token -n ${own}`, false],
        [`patch daemonsets.apps -n ${own}`, false],
        [`create rolebindings.rbac.authorization.k8s.io -n ${own}`, false],
        [`* *`, false],
      ]
      const found = await Promise.all(
        wanted.map(async ([words]) => [words, await can(access, ...words.split(" "))] as const),
      )
      assert.equal(
        found
          .filter(([, answer], index) => answer !== wanted[index]?.[1])
          .map(([words, answer]) => `${words}: ${answer}`),
        [],
      )
    }),
  ),
)

test(
  "and for nothing else: real requests with the token are refused",
  slow(
    60_000,
    inScene(async (scene) => {
      const [own = "", name = ""] = scene.access.configMapKey.split("/")
      const other = `other-${randomBytes(3).toString("hex")}`
      await scene.entries({ "10.4.0.50": "default/echo" })
      await kubectl(["-n", own, "create", "secret", "generic", other, "--from-literal=a=b"])
      await kubectl(["-n", own, "create", "configmap", other, "--from-literal=a=b"])
      try {
        const refused: readonly (readonly string[])[] = [
          ["-n", own, "get", "secret", other],
          ["get", "secrets", "-A"],
          ["-n", own, "get", "configmap", other],
          ["-n", own, "get", "configmaps"],
          ["-n", own, "patch", "configmap", other, "-p", '{"data":{"a":"c"}}'],
          ["-n", own, "patch", "configmap", name, "-p", '{"data":{"10.4.0.51":""}}'],
          ["-n", own, "delete", "configmap", name],
          ["-n", "default", "create", "configmap", "mine"],
          ["-n", "default", "delete", "service", "kubernetes"],
          ["label", "node", "node-0", "mine=true"],
          ["-n", own, "create", "token", scene.access.serviceAccount],
        ]
        const answers = await Promise.all(refused.map(async (words) => [words.join(" "), await tried(scene, words)]))
        assert.equal(
          answers.filter(([, answer]) => answer !== "forbidden"),
          [],
        )
        const written = await tried(
          scene,
          ["apply", "-f", "-"],
          configMap(scene.access.configMapKey, { "10.4.0.66": "" }),
        )
        assert.is(written, "forbidden")
        const data = await kubectl(["-n", own, "get", "configmap", name, "-o", "jsonpath={.data}"])
        assert.is(data, '{"10.4.0.50":"default/echo"}')
      } finally {
        await kubectl(["-n", own, "delete", "secret,configmap", other, "--ignore-not-found"])
      }
    }),
  ),
)

test(
  "with a token that counts no more, nothing is published, and the status says why",
  slow(
    60_000,
    inScene(async (scene) => {
      await scene.entries({ "10.4.0.50": "default/echo" })
      const kubeconfig = join(scene.directory, "refused")
      const [head = "", body = ""] = (await newToken(scene.access)).split(".")
      writeKubeconfig(kubeconfig, `${head}.${body}.${"A".repeat(342)}`)
      const sync = scene.sync({ source: ["--kubeconfig", kubeconfig] })
      const { problems } = await sync.untilStatus("it says so", ({ state }) => state === "waiting", 20_000)
      assert.equal(
        problems.map(({ code }) => code),
        ["SOURCE_UNREACHABLE"],
      )
      assert.match(problems[0]?.message ?? "", /answered 401/)
      assert.is(sync.current(), null)
    }),
  ),
)

test.run()
