import { mkdir, writeFile } from "node:fs/promises"
import { join, relative } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseAllDocuments } from "yaml"
import * as z from "zod"
import { slow } from "../../support/slow.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { kubectl } from "./support/cluster.ts"

const manifests = join(import.meta.dirname, "../../../manifests")
const named = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().nullish(),
    labels: z.record(z.string(), z.string()),
  }),
})
const binding = z.looseObject({ subjects: z.array(z.looseObject({ name: z.string(), namespace: z.string() })) })
const role = z.looseObject({ rules: z.array(z.looseObject({ resourceNames: z.array(z.string()).default([]) })) })
const daemonSet = z.looseObject({
  spec: z.looseObject({
    selector: z.looseObject({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        containers: z.array(
          z.looseObject({
            name: z.string(),
            args: z.array(z.string()).default([]),
            env: z.array(z.looseObject({ name: z.string(), value: z.string().nullish() })).default([]),
          }),
        ),
      }),
    }),
  }),
})

/** What `kubectl kustomize` makes of a user's kustomization of the base. */
function built(lines: readonly string[]) {
  return withTemporaryDirectory(async (directory) => {
    const folder = join(directory, "mine")
    await mkdir(folder)
    const text = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", ...lines]
    text.push(`resources: [${relative(folder, join(manifests, "base"))}]`)
    await writeFile(join(folder, "kustomization.yaml"), `${text.join("\n")}\n`)
    const output = await kubectl(["kustomize", folder])
    return parseAllDocuments(output).map((one) => one.toJS() as unknown)
  })
}

const ofKind = (documents: readonly unknown[], kind: string) =>
  documents.filter((one) => named.parse(one).kind === kind)

for (const [what, lines, namespace, prefix] of [
  ["as it is", [], "kube-keepalived-vip", ""],
  ["in another namespace", ["namespace: network"], "network", ""],
  ["with a prefix", ["namePrefix: lan2-"], "kube-keepalived-vip", "lan2-"],
  ["in another namespace with a prefix", ["namespace: network", "namePrefix: lan2-"], "network", "lan2-"],
] as const)
  test(
    `kubectl kustomize: the base ${what} names its own account, ConfigMap and namespace everywhere`,
    slow(60_000, async () => {
      const documents = await built(lines)
      for (const kind of ["ClusterRoleBinding", "RoleBinding"])
        for (const one of ofKind(documents, kind))
          assert.equal(
            binding.parse(one).subjects.map((subject) => `${subject.namespace}/${subject.name}`),
            [`${namespace}/${prefix}kube-keepalived-vip`],
          )
      const [rights] = ofKind(documents, "Role")
      assert.equal(
        [...new Set(role.parse(rights).rules.flatMap(({ resourceNames }) => resourceNames))],
        [`${prefix}vip-configmap`],
      )
      const [configMap] = ofKind(documents, "ConfigMap")
      const { name, namespace: where } = named.parse(configMap).metadata
      assert.is(`${where}/${name}`, `${namespace}/${prefix}vip-configmap`)
      const { containers } = daemonSet.parse(ofKind(documents, "DaemonSet")[0]).spec.template.spec
      const sync = containers.find((one) => one.name === "sync")
      assert.ok(sync?.args.includes("--services-configmap=$(POD_NAMESPACE)/$(VIP_CONFIGMAP)"))
      assert.is(sync?.env.find((one) => one.name === "VIP_CONFIGMAP")?.value, name)
    }),
  )

const LABELS = ["name", "instance", "version", "component", "part-of", "managed-by"].map(
  (label) => `app.kubernetes.io/${label}`,
)

test("kubectl kustomize: all objects and pods of the base have the recommended labels, and the selector has name and instance", async () => {
  const documents = await built([])
  for (const one of documents) {
    const { kind, metadata } = named.parse(one)
    assert.equal(
      LABELS.filter((label) => metadata.labels[label] === undefined),
      [],
      `${kind} ${metadata.name}`,
    )
  }
  const { selector, template } = daemonSet.parse(ofKind(documents, "DaemonSet")[0]).spec
  assert.equal(
    LABELS.filter((label) => template.metadata.labels[label] === undefined),
    [],
  )
  assert.equal(selector.matchLabels, {
    "app.kubernetes.io/name": "kube-keepalived-vip",
    "app.kubernetes.io/instance": "kube-keepalived-vip",
  })
})

test("kubectl kustomize: a second installation shares no name with the first one", async () => {
  const output = await kubectl(["kustomize", join(manifests, "overlays/second-instance")])
  const names = parseAllDocuments(output).map((one) => named.parse(one.toJS()).metadata.name)
  assert.equal(
    names.filter((name) => !name.startsWith("second-")),
    [],
  )
})

test.run()
