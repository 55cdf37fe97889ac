import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseAllDocuments } from "yaml"
import * as z from "zod"

const manifests = join(import.meta.dirname, "../manifests")
const read = (file: string) => readFileSync(join(manifests, file), "utf8")
const documentsIn = (file: string): readonly unknown[] => parseAllDocuments(read(file)).map((one) => one.toJS())

const mount = z.strictObject({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().default(false) })
const probe = z.looseObject({ httpGet: z.looseObject({ host: z.literal("127.0.0.1") }) })
const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  securityContext: z.looseObject({}),
  resources: z.looseObject({ limits: z.looseObject({ memory: z.string() }) }),
  volumeMounts: z.array(mount),
})
const podSchema = z.looseObject({
  automountServiceAccountToken: z.literal(false),
  hostNetwork: z.literal(true),
  securityContext: z.strictObject({
    fsGroup: z.literal(65_532),
    seccompProfile: z.strictObject({ type: z.literal("RuntimeDefault") }),
  }),
  initContainers: z.array(container),
  containers: z.array(container),
  volumes: z.array(z.looseObject({ name: z.string() })),
})
const daemonSet = z.looseObject({ spec: z.looseObject({ template: z.looseObject({ spec: podSchema }) }) })
const pod = daemonSet.parse(documentsIn("base/daemonset.yaml")[0]).spec.template.spec
const containerOf = (name: string) => {
  const found = [...pod.initContainers, ...pod.containers].find((one) => one.name === name)
  if (found === undefined) throw new Error(`Cannot find the container ${name}`)
  return found
}

/** Peak RSS of each program with 4,998 Services, 32 MiB a generation and every endpoint changed, in MiB: docs/performance.md, "Memory". */
const LARGEST_RSS = { sync: 383, sidecar: 315 }

test("the memory limit of sync holds the largest input and all of its volume (fault 243)", () => {
  const mebibytes = (text: string) => Number(/^(\d+)Mi$/.exec(text)?.[1])
  const volume = pod.volumes.find(({ name }) => name === "desired")
  const { sizeLimit } = z.looseObject({ sizeLimit: z.string() }).parse(volume?.["emptyDir"])
  // Two whole generations of small files, which take up a quarter more than their bytes, and one being written.
  assert.ok(mebibytes(sizeLimit) >= 3 * 40, sizeLimit)
  const { memory } = containerOf("sync").resources.limits
  assert.ok(mebibytes(memory) >= LARGEST_RSS.sync + mebibytes(sizeLimit), memory)
})

test("the memory limit of the sidecar holds the largest input and all that it writes to volumes in memory (fault 243)", () => {
  const sizes = ["applied", "run", "tmp"].map((name) => {
    const emptyDir = pod.volumes.find((volume) => volume.name === name)?.["emptyDir"]
    return Number(z.looseObject({ sizeLimit: z.string() }).parse(emptyDir).sizeLimit.replace("Mi", ""))
  })
  const memory = Number(containerOf("sidecar").resources.limits.memory.replace("Mi", ""))
  assert.ok(memory >= LARGEST_RSS.sidecar + sizes.reduce((sum, size) => sum + size, 0), `${memory}`)
})

test("the pod has the node's network, and none of its other namespaces", () => {
  for (const key of ["hostPID", "hostIPC", "hostUsers", "shareProcessNamespace", "procMount"])
    assert.not.ok(Object.hasOwn(pod, key), key)
  assert.equal(
    [...pod.initContainers, ...pod.containers].map(({ name }) => name),
    ["prepare-node", "sync", "sidecar"],
  )
})

test("nothing is privileged, and only the container that ends before the others begin loads modules", () => {
  assert.not.match(read("base/daemonset.yaml"), /privileged:/)
  assert.equal(containerOf("prepare-node").securityContext, {
    runAsUser: 0,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"], add: ["NET_ADMIN", "SYS_MODULE"] },
    seLinuxOptions: { type: "spc_t" },
  })
  // A sidecar in Kubernetes' sense would run on.
  assert.not.ok(Object.hasOwn(containerOf("prepare-node"), "restartPolicy"))
})

test("sync is nobody, has no capability, and gains none", () => {
  assert.equal(containerOf("sync").securityContext, {
    runAsNonRoot: true,
    runAsUser: 65_532,
    runAsGroup: 65_532,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
  })
})

test("no SIGTERM comes before the sidecar's container can hear it", () => {
  assert.equal(containerOf("sidecar")["lifecycle"], { preStop: { exec: { command: ["/etc/s6/await-init"] } } })
})

test("the sidecar is root with two capabilities, and gains none", () => {
  assert.equal(containerOf("sidecar").securityContext, {
    runAsUser: 0,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"], add: ["NET_ADMIN", "NET_RAW"] },
  })
})

test("each container has the volumes that it needs, and writes only its own", () => {
  const mounts = (name: string) =>
    containerOf(name).volumeMounts.map((one) => `${one.name} ${one.readOnly ? "ro" : "rw"}`)
  assert.equal(mounts("prepare-node"), ["modules ro", "sysctls rw"])
  assert.equal(mounts("sync"), ["token ro", "desired rw", "applied ro"])
  assert.equal(mounts("sidecar"), ["desired ro", "applied rw", "run rw", "tmp rw", "node rw"])
})

test("of the node's disk there are two folders, of its /proc the sysctls of the network, and every other volume has a limit", () => {
  const hostPaths = pod.volumes.flatMap((volume) => (volume["hostPath"] === undefined ? [] : [volume["hostPath"]]))
  assert.equal(hostPaths, [
    { path: "/var/lib/kube-keepalived-vip", type: "DirectoryOrCreate" },
    { path: "/lib/modules" },
    { path: "/proc/sys/net", type: "Directory" },
  ])
  const empty = z.strictObject({ medium: z.literal("Memory"), sizeLimit: z.string().regex(/^\d+Mi$/) })
  for (const volume of pod.volumes) if (volume["emptyDir"] !== undefined) empty.parse(volume["emptyDir"])
})

test("the probes of both containers ask the loopback interface, where they answer", () => {
  for (const container of ["sync", "sidecar"])
    for (const name of ["startupProbe", "livenessProbe", "readinessProbe"]) probe.parse(containerOf(container)[name])
  assert.not.match(read("base/daemonset.yaml"), "HTTP_ADDRESS")
})

const rule = z.strictObject({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  resourceNames: z.array(z.string()).default([]),
  verbs: z.array(z.enum(["get", "list", "watch", "create", "patch"])),
})
const role = z.looseObject({ kind: z.string(), rules: z.array(rule) })

test("the token reads three kinds in the cluster and writes none; in its namespace it writes reports alone", () => {
  const rulesOf = (file: string) =>
    role
      .parse(documentsIn(file)[0])
      .rules.map(({ resources, resourceNames, verbs }) => [...resources, ...resourceNames, ...verbs].join(" "))
  assert.equal(rulesOf("base/cluster-role.yaml"), [
    "nodes list watch",
    "services list watch",
    "endpointslices list watch",
  ])
  assert.equal(rulesOf("base/role.yaml"), [
    "configmaps vip-configmap list watch",
    "pods get",
    "events create patch",
    "leases get list create patch",
    "vipreports create",
    "vipreports vip-configmap get",
    "vipreports/status vip-configmap patch",
  ])
})

test("the patch for Argo CD has the very health check, and no other key", () => {
  const patch = z
    .strictObject({ data: z.record(z.string(), z.string()) })
    .parse(documentsIn("gitops/argocd/argocd-cm.patch.yaml")[0])
  assert.equal(patch.data, {
    "resource.customizations.health.kube-keepalived-vip.io_VipReport": read("gitops/argocd/health.lua"),
  })
})

test("the label of the version and the tags of the images are those of the program", () => {
  const { version } = z
    .looseObject({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(manifests, "../package.json"), "utf8")))
  const text = read("base/kustomization.yaml")
  assert.match(text, `app.kubernetes.io/version: ${version}\n`)
  assert.equal(
    [...text.matchAll(/newTag: (.*)/g)].map(([, tag]) => tag),
    [version, version],
  )
})

test("the token is mounted where the manifests say so, and nowhere by itself", () => {
  const account = z.looseObject({ automountServiceAccountToken: z.literal(false) })
  account.parse(documentsIn("base/service-account.yaml")[0])
})

/** What is said of it in docs/security.md: to call a program as nobody. */
const ALLOWED: Readonly<Record<string, string>> = {
  "components/notify/kustomization.yaml": "capabilities: {add: [NET_ADMIN, NET_RAW, SETGID, SETUID]}",
}

for (const file of readdirSync(manifests, { recursive: true, encoding: "utf8" }))
  if (/^(?:overlays|components|gitops)\/.*\.ya?ml$/.test(file))
    test(`${file} widens no privilege`, () => {
      const words =
        /privileged:|capabilities|hostPID|hostIPC|runAs|allowPrivilege|readOnlyRoot|hostPath: *[^n ]|secrets|"\*"|'\*'/
      assert.not.match(read(file).replace(ALLOWED[file] ?? "", ""), words)
    })

test.run()
