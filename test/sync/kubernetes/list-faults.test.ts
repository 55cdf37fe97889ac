import { test } from "uvu"
import * as assert from "uvu/assert"

import { type Clock, systemClock } from "../../../src/kit/time/clock.ts"
import { createLog } from "../../../src/kit/process/log.ts"
import { createKubernetesApi } from "../../../src/sync/kubernetes/client/client.ts"
import { loadKubeConfig } from "../../../src/kubernetes/connection.ts"
import { openSession } from "../../../src/kubernetes/session.ts"
import { startKubernetesSource } from "../../../src/sync/kubernetes/source.ts"
import { BAD_ANSWERS, type FakeApiServer, service, startFakeApiServer } from "./fake-api-server.ts"
import { mirrored, patience, type Scene, watching } from "./mirrored.ts"

type Refusal = ReturnType<FakeApiServer["refuse"]>

/** A test waits no longer than this for an answer that hangs. */
const ANSWER_MS = 1_500

const SAYS: Readonly<Record<string, RegExp>> = {
  "hangs before the headers": /aborted due to timeout/,
  "hangs in the body": /aborted due to timeout/,
  "is reset in the body": /terminated: read ECONNRESET/,
  "ends in the midst of the body": /terminated: other side closed/,
  "is 200 with HTML": /the answer is not a list/,
  "is 200 with HTML that is called JSON": /Unexpected token '<'/,
  "is 200 with cut JSON": /Unexpected end of JSON input/,
  "is 200 without items": /the answer is not a list/,
  "is 200 with nothing": /Unexpected end of JSON input/,
}

/** Everything that can come instead of a list. */
const ANSWERS: readonly (readonly [what: string, answer: Refusal, says: RegExp])[] = [
  ...[500, 503, 401, 403, 429].map(
    (status) => [`is ${status}`, { status }, new RegExp(`the API server answered ${status}`)] as const,
  ),
  ...Object.entries(BAD_ANSWERS).map(([what, answer]) => [what, answer, SAYS[what] ?? /never/] as const),
]

const tooOld = { type: "ERROR", object: { kind: "Status", code: 410, message: "too old" } }
/** With it, waits do not grow: what fails for long is tried again soon all the same. */
const impatient: Clock = { ...systemClock, delay: (ms, signal) => systemClock.delay(Math.min(ms, 20), signal) }
const isList = ({ query }: { readonly query: URLSearchParams }) => query.get("watch") === null
const waitsOf = ({ troubles }: Scene) =>
  troubles.map(({ retryAfterMs }) => Number(retryAfterMs)).filter((waitMs) => waitMs > 0)

for (const [what, answer, says] of ANSWERS) {
  // The first is that of the comparison.
  const random = [0, 0.9, 0.1]
  test(`a list that ${what}, on a fake API server: waits that grow, by chance; nothing of it is taken, and it goes on (fault 43)`, () =>
    mirrored(
      async (scene) => {
        const { fake, until, troubles, changes, ports, reflector } = scene
        await until(() => troubles.length >= 2)
        assert.equal([reflector.listed(), changes(), ports()], [false, 0, ""], "at the start")
        assert.match(String(troubles[0]?.["error"]).replace("ApiFault: ", ""), says)
        const [first = 0, second = 0] = waitsOf(scene)
        // 1.9 times the first wait, 1.1 times the doubled one.
        assert.equal([first, second], [19, 22])
        fake.refuse = () => null
        await watching(scene)
        assert.is(ports(), "echo:80")

        const before = changes()
        fake.refuse = (asked) => (isList(asked) ? answer : null)
        fake.items.set("services", [service("echo", 50, 90)])
        fake.version = "50"
        const failures = troubles.length
        fake.watches[0]?.send(tooOld)
        await until(() => troubles.length >= failures + 2)
        assert.equal([ports(), changes()], ["echo:80", before], "while it runs")
        fake.refuse = () => null
        await until(() => ports() === "echo:90")
        await watching(scene, 2)
        assert.is(reflector.fault(), null)
      },
      {
        answerMs: ANSWER_MS,
        patience: { backoffMs: 10, refusedMs: 20, shortWatchMs: 0 },
        random: () => random.shift() ?? 0,
        before: (fake) => (fake.refuse = (asked) => (isList(asked) ? answer : null)),
      },
    ))
}

test("a 429 with Retry-After, on a fake API server, is heeded where it asks for more than the backoff (fault 43)", () =>
  mirrored(
    async ({ until, troubles, ports, fake }) => {
      await until(() => troubles.length > 0)
      fake.refuse = () => null
      assert.is(troubles[0]?.["retryAfterMs"], 1000)
      const startedAt = performance.now()
      await until(() => ports() === "echo:80")
      assert.ok(performance.now() - startedAt > 900)
    },
    { before: (fake) => (fake.refuse = () => ({ status: 429, headers: { "retry-after": "1" } })) },
  ))

test("nothing is there to be published while any one list fails, on a fake API server, in whatever way (fault 43)", async () => {
  const fake = await startFakeApiServer()
  const failing = new Map(ANSWERS.map(([, answer], index) => [`n${index}`, answer]))
  const namespaces = [...failing.keys()]
  const namespaceIn = (path: string) => path.split("/namespaces/")[1]?.split("/")[0] ?? ""
  const data = Object.fromEntries(namespaces.map((name, index) => [`10.4.0.${index}`, `${name}/echo`]))
  fake.items.set("configmaps", [{ metadata: { name: "vips", namespace: "default", resourceVersion: "5" }, data }])
  for (const namespace of namespaces) {
    const base = service("echo", 3) as { metadata: object }
    fake.items.set(`/api/v1/namespaces/${namespace}/services`, [{ ...base, metadata: { ...base.metadata, namespace } }])
  }
  fake.refuse = ({ path }) => (path.endsWith("/services") ? (failing.get(namespaceIn(path)) ?? null) : null)
  const session = openSession(() => loadKubeConfig({ kubeconfig: null, apiserverHost: fake.url }), ANSWER_MS)
  const source = startKubernetesSource({
    ...{ api: createKubernetesApi(session), clock: impatient, random: Math.random, pod: null },
    patience,
    ...{ configMapKeys: ["default/vips"], watchNamespaces: [], nodeSelector: "", onChange: () => {} },
    log: createLog({}, { level: "error", write: () => {} }),
  })
  const asked = (namespace: string) =>
    fake.asked.filter(({ path }) => path.endsWith("/services") && namespaceIn(path) === namespace).length
  const until = async (what: () => boolean) => {
    while (!what()) await systemClock.delay(3)
  }
  try {
    await until(() => namespaces.every((namespace) => asked(namespace) >= 2))
    for (const namespace of namespaces) {
      assert.is(source.read().kind, "settling", `while the list of ${namespace} fails`)
      failing.delete(namespace)
      await until(() =>
        fake.watches.some(({ asked: { path } }) => path.endsWith("/services") && namespaceIn(path) === namespace),
      )
    }
    await until(() => source.read().kind === "objects")
    const reading = source.read()
    assert.is(reading.kind === "objects" ? reading.objects.services.size : 0, namespaces.length)
    assert.equal(reading.kind === "objects" ? reading.problems : null, [])
  } finally {
    session.close()
    await source.stop()
    await fake.close()
  }
})

test.run()
