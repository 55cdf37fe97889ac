import { test } from "uvu"
import * as assert from "uvu/assert"

import { plainDocuments } from "../../../../src/cli/migrate/documents.ts"
import { processorTime } from "../../../support/processor-time.ts"
import { workloadIn } from "../../../../src/cli/migrate/release-0.35/workload.ts"

function flagsOf(container: object, kind = "DaemonSet"): Readonly<Record<string, string>> | null {
  const pod = { containers: [{ name: "proxy" }, container] }
  const spec = kind === "Pod" ? pod : { template: { spec: pod } }
  const text = JSON.stringify({ kind, metadata: { name: "vip", namespace: "lan" }, spec })
  const [document] = plainDocuments({ file: "x.json", text })
  const workload = document === undefined ? null : workloadIn(document)
  return workload === null ? null : Object.fromEntries(workload.flags)
}

for (const [args, expected] of [
  [["--services-configmap=a/b"], { "services-configmap": "a/b" }],
  [["--services-configmap", "a/b", "--vrid", "51"], { "services-configmap": "a/b", vrid: "51" }],
  [["--services-configmap=a/b", "--use-unicast", "--logtostderr"], { "use-unicast": "true", logtostderr: "true" }],
  [["--services-configmap=a/b", "--use-unicast", "false"], { "use-unicast": "true" }],
  [["--services-configmap=a/b", "-v=3", "--iface="], { v: "3", iface: "" }],
  [["--services-configmap=$(POD_NAMESPACE)/$(X)"], { "services-configmap": "lan/$(X)" }],
  [["-c", "/kube-keepalived-vip --services-configmap=a/b  --vrid=7"], { "services-configmap": "a/b", vrid: "7" }],
] as const)
  test(`workloadIn() reads the flags of ${args.join(" ")}`, () => {
    const flags = flagsOf({ args }) ?? {}
    for (const [flag, value] of Object.entries(expected)) assert.is(flags[flag], value, flag)
    assert.is(flags["c"], undefined)
  })

test("workloadIn() finds each kind of workload, and no other program", () => {
  const args = ["--services-configmap=a/b"]
  for (const kind of ["DaemonSet", "Deployment", "ReplicationController", "ReplicaSet", "Pod"])
    assert.ok(flagsOf({ command: args }, kind) !== null, kind)
  assert.is(flagsOf({ args }, "Job"), null)
  assert.is(flagsOf({ args: ["--vrid=7"] }), null)
  assert.is(flagsOf({ image: "example.org/kkv-sync:1", args }), null)
})

test("plainDocuments() finds workloads in lists, and skips what no parser should read", () => {
  const daemonSet = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: x}\n"
  const kinds = (text: string) => plainDocuments({ file: "x.yaml", text }).map(({ value }) => value["kind"])
  assert.equal(kinds(`${daemonSet}---\nkind: Secret\n`), ["DaemonSet", "Secret"])
  assert.equal(kinds("kind: DaemonSetList\nitems:\n  - metadata: {name: x}\n"), ["DaemonSet"])
  assert.equal(kinds("a: [\nkind: DaemonSet"), [])
  assert.equal(kinds(`kind: DaemonSet\na: ${"[".repeat(1000)}`), [])
  const bomb = Array.from({ length: 30 }, (_, at) => `a${at}: &a${at} [${`*a${at - 1},`.repeat(9)}]`).slice(1)
  assert.equal(kinds(`kind: DaemonSet\na0: &a0 x\n${bomb.join("\n")}`), [])
})

test("plainDocuments() does not parse 1 MiB of nested brackets, which takes seconds", () => {
  const took = processorTime()
  plainDocuments({ file: "x.yaml", text: `kind: DaemonSet\na: ${"[".repeat(1_000_000)}` })
  // 80 ms on one of the project's machines; 4 s with the parser.
  assert.ok(took() < 1500, `it took ${took()} ms`)
})

test.run()
