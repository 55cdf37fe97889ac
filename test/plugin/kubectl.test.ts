import { chmod, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { ApiFault } from "../../src/kubernetes/api-fault.ts"
import { createKubectl } from "../../src/plugin/client/kubectl.ts"
import type { Kubectl } from "../../src/plugin/ports.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const POD = { namespace: "kube-keepalived-vip", name: "vip-n1" }

/** A FAKE kubectl: a shell script, which leaves its words in the file `words`. */
function withKubectl(script: string, check: (kubectl: Kubectl, words: () => Promise<string>) => Promise<void>) {
  return () =>
    withTemporaryDirectory(async (directory) => {
      const program = join(directory, "kubectl")
      await writeFile(program, `#!/bin/sh\nprintf '%s ' "$@" > ${directory}/words\n${script}\n`)
      await chmod(program, 0o755)
      const kubectl = createKubectl({ kubeconfig: "/tmp/k", context: "c" }, program)
      await check(kubectl, () => readFile(join(directory, "words"), "utf8"))
    })
}

const faultOf = (work: Promise<unknown>) =>
  work.then(
    () => "no fault",
    (error: unknown) => (error instanceof ApiFault ? error.message : `not an ApiFault: ${String(error)}`),
  )

test(
  "kkv() runs the command in the sidecar's container, with the user's kubeconfig and context",
  withKubectl("echo answer", async (kubectl, words) => {
    assert.equal(await kubectl.kkv(POD, ["drain", "--reason", "new memory"]), { status: 0, out: "answer\n", err: "" })
    assert.is(
      await words(),
      "--kubeconfig=/tmp/k --context=c --namespace=kube-keepalived-vip exec vip-n1 --container=sidecar -- kkv drain --reason new memory ",
    )
  }),
)

test(
  "kkv() gives the status of the command itself, without kubectl's own line",
  withKubectl("echo 'kkv: Cannot' >&2; echo 'command terminated with exit code 3' >&2; exit 3", async (kubectl) => {
    assert.equal(await kubectl.kkv(POD, ["drain"]), { status: 3, out: "", err: "kkv: Cannot\n" })
  }),
)

const faults: readonly (readonly [what: string, script: string, message: RegExp])[] = [
  [
    "a right that lacks",
    `echo 'Error from server (Forbidden): pods "vip-n1" is forbidden: User "a" cannot create resource "pods/exec"' >&2; exit 1`,
    /^Cannot run "kkv drain" in pod kube-keepalived-vip\/vip-n1: you may not; it takes the right "create" on "pods\/exec" in namespace "kube-keepalived-vip"/,
  ],
  [
    "a pod that is gone",
    "echo 'Error from server (NotFound): pods not found' >&2; exit 1",
    /: Error from server \(NotFound\)/,
  ],
  ["a container without kkv", "echo 'command terminated with exit code 127' >&2; exit 127", /exit code 127$/],
  ["a kubectl that says nothing", "exit 1", /: kubectl ended with status 1$/],
]
for (const [what, script, message] of faults)
  test(
    `kkv() ${what}`,
    withKubectl(script, async (kubectl) => assert.match(await faultOf(kubectl.kkv(POD, ["drain"])), message)),
  )

test("kkv() without kubectl", async () => {
  const kubectl = createKubectl({ kubeconfig: null, context: null }, "/no/such/kubectl")
  assert.is(await faultOf(kubectl.kkv(POD, ["drain"])), "Cannot run /no/such/kubectl: it is not on PATH")
})

test(
  "forward() says its port once, and ends with the signal",
  withKubectl(
    "echo 'Forwarding from 127.0.0.1:41234 -> 8080'; echo 'Handling connection for 41234'; exec sleep 60",
    async (kubectl, words) => {
      const interrupt = new AbortController()
      const ports: number[] = []
      const ready = (port: number) => {
        ports.push(port)
        interrupt.abort()
      }
      await kubectl.forward(POD, { local: 0, remote: 8080 }, { signal: interrupt.signal, ready })
      assert.equal(ports, [41_234])
      assert.match(await words(), "port-forward --address=127.0.0.1 pod/vip-n1 :8080 ")
    },
  ),
)

test(
  "forward() a right that lacks, and a pod that ends",
  withKubectl("echo 'Error from server (Forbidden): cannot' >&2; exit 1", async (kubectl) => {
    const until = { signal: new AbortController().signal, ready: () => {} }
    const message = await faultOf(kubectl.forward(POD, { local: 8081, remote: 8080 }, until))
    assert.match(
      message,
      /^Cannot forward a port to pod kube-keepalived-vip\/vip-n1: you may not; it takes the right "create" on "pods\/portforward"/,
    )
  }),
)

test.run()
