import * as z from "zod"

import { REGISTRY } from "./release.ts"

/** An object of the Kubernetes API, which checks it. */
const kubernetes = () => z.looseObject({})
const labels = () => z.record(z.string(), z.string())
const port = () => z.int().min(1).max(65_535)
/** The name of a namespace or a ConfigMap, such as `web-1`. */
const NAME = "[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
const IPV4 = String.raw`[0-9]{1,3}(\.[0-9]{1,3}){3}`
/** Of an entry in the long form: a key of a ConfigMap that does not look like an address. */
const ENTRY_NAME = "[-._a-zA-Z0-9]*[-_a-zA-Z][-._a-zA-Z0-9]*"

const resources = (cpu: string, memory: string, limit: string, more = "") =>
  kubernetes()
    .default({ requests: { cpu, memory }, limits: { memory: limit } })
    .describe(`Its requests and limits.${more}`)

const image = (repository: string) =>
  z
    .strictObject({
      registry: z.string().default("").describe("Empty: `image.registry`."),
      repository: z.string().min(1).default(repository).describe("The name of the image in the registry."),
      tag: z.string().default("").describe("Empty: `image.tag`."),
      digest: z
        .string()
        .regex(/^(sha256:[0-9a-f]{64})?$/)
        .default("")
        .describe("`sha256:…`. It comes after the tag, and decides."),
      pullPolicy: pullPolicy("Empty: `image.pullPolicy`."),
    })
    .describe("The image of this container.")

const pullPolicy = (text: string) => z.enum(["", "Always", "IfNotPresent", "Never"]).default("").describe(text)

const extraArgs = (program: string) =>
  z
    .array(z.string())
    .default([])
    .describe(`More flags of \`kkv ${program}\`, such as \`--log-level=debug\` (docs/settings.md).`)

const extraEnv = () =>
  z.array(kubernetes()).default([]).describe("More environment variables, as a container has them: name and value.")

const container = {
  sync: z
    .strictObject({
      image: image("kkv-sync"),
      resources: resources("20m", "128Mi", "576Mi"),
      httpPort: port().default(10_112).describe("Port of its probes and metrics on the node."),
      extraArgs: extraArgs("sync"),
      extraEnv: extraEnv(),
    })
    .describe("The container that reads the Kubernetes API. It has no privileges."),
  sidecar: z
    .strictObject({
      image: image("kkv-sidecar"),
      resources: resources("50m", "128Mi", "512Mi", " No limit of CPU: a throttled keepalived loses the election."),
      httpPort: port().default(8080).describe("Port of its probes, metrics and status on the node."),
      extraArgs: extraArgs("sidecar"),
      extraEnv: extraEnv(),
    })
    .describe("The container with keepalived. It has no token."),
  prepareNode: z
    .strictObject({
      resources: resources("10m", "16Mi", "64Mi"),
      extraEnv: extraEnv(),
    })
    .describe("The init container that loads kernel modules and sets sysctls. It has the image of the sidecar."),
}

/** Keys that release 0.35's chart had, and this one does not. */
const former = {
  keepalived: z
    .strictObject({
      config: labels().optional().describe("Entries. Now `vips`."),
      useUnicast: z.boolean().optional().describe("Now `unicast`."),
      vrid: z.int().min(1).max(255).optional().describe("Now `vrid`."),
      name: z.string().optional().describe("Has no effect."),
      image: kubernetes().optional().describe("Has no effect: the images are others now."),
      resources: kubernetes().optional().describe("Has no effect: it is for another program. Now `sidecar.resources`."),
    })
    .optional()
    .describe("Key of release 0.35."),
  haproxy: z
    .strictObject({
      enabled: z.boolean().optional().describe("PROXY protocol is not supported: `true` is refused."),
      name: z.string().optional().describe("Has no effect."),
      image: kubernetes().optional().describe("Has no effect."),
      resources: kubernetes().optional().describe("Has no effect."),
    })
    .optional()
    .describe("Key of release 0.35."),
  httpPort: port().optional().describe("Key of release 0.35. Now `sidecar.httpPort`."),
}

/** What `values.yaml` says, in its order: each section is a comment and the keys below it. */
export const SECTIONS: readonly { readonly title: string; readonly keys: Readonly<Record<string, z.ZodType>> }[] = [
  {
    title: "Virtual IPs",
    keys: {
      vips: z
        .record(z.string().regex(new RegExp(`^(?:${IPV4}|${ENTRY_NAME})$`)), z.string())
        .default({})
        .describe(
          'Entries, such as `10.4.0.50: default/echoheaders`, or `""` to announce an address only, or a name and a mapping as text (docs/vips.md). Entries that are added with kubectl stay.',
        ),
      vipRanges: z
        .array(z.string().regex(new RegExp(`^${IPV4}(/[0-9]{1,2})?$`)))
        .default([])
        .describe("Networks and addresses that VIPs may have, such as `10.4.0.48/28`. Empty: any."),
      vrid: z
        .int()
        .min(1)
        .max(255)
        .default(50)
        .describe(
          "Virtual router ID. It must be unique on the LAN: no other VRRP router, and no other release, may have it.",
        ),
      profile: z
        // `--set` makes a number of 0.35.
        .union([z.enum(["default", "0.35"]), z.literal(0.35)])
        .default("default")
        .describe("Defaults of the settings: `0.35` is what release 0.35 did (docs/settings.md#profiles)."),
      layout: z
        .enum(["", "anchor", "classic"])
        .default("")
        .describe(
          "What adverts carry: `anchor`, one fixed address; `classic`, every VIP, to share a VRID with release 0.35. Empty: as the profile says.",
        ),
      iface: z.string().default("").describe("Interface of the VIPs. Empty: the one that has the address of the node."),
      advertInterval: z
        // `--set` makes a text of 0.2.
        .union([z.number().min(0.01).max(255), z.string().regex(/^\d+(\.\d+)?$/)])
        .default(1)
        .describe("Seconds between two adverts of the master. A backup takes over after three times as long."),
      unicast: z
        .boolean()
        .default(false)
        .describe("Send adverts to the addresses of the other nodes, for a LAN without multicast."),
      configMap: z
        .strictObject({
          create: z
            .boolean()
            .default(true)
            .describe("Create the ConfigMap of the entries. `false`: other manifests do."),
          name: z
            .string()
            .regex(new RegExp(`^(${NAME})?$`))
            .default("")
            .describe("Empty: `vip-configmap`; with the release `second` it is `second-vip-configmap`."),
        })
        .describe("The ConfigMap of the entries. The VipReport has its name."),
      additionalConfigMaps: z
        .array(z.string().regex(new RegExp(`^${NAME}/${NAME}$`)))
        .default([])
        .describe(
          "More ConfigMaps with entries, such as `shop/vips`. The namespaces must exist. The first entry of an address counts.",
        ),
      watchNamespaces: z
        .array(z.string().regex(new RegExp(`^${NAME}$`)))
        .default([])
        .describe("Read Services of these namespaces alone, by a Role in each of them. Empty: of all."),
    },
  },
  {
    title: "Images",
    keys: {
      image: z
        .strictObject({
          registry: z.string().min(1).default(REGISTRY).describe("The registry of all images, with its path."),
          tag: z.string().default("").describe("Empty: the version of the chart."),
          pullPolicy: pullPolicy("Empty: as Kubernetes chooses."),
        })
        .describe("What all images have in common."),
      imagePullSecrets: z
        .array(kubernetes())
        .default([])
        .describe("Secrets for the registry, such as `- name: registry`."),
    },
  },
  { title: "Containers", keys: container },
  {
    title: "Pods",
    keys: {
      nodeSelector: labels()
        .default({})
        .describe("The nodes that run a pod, and count as peers. Empty: all. Three are enough for an address."),
      tolerations: z
        .array(kubernetes())
        .default([{ operator: "Exists" }])
        .describe("Taints that do not keep pods away."),
      affinity: kubernetes()
        .default({})
        .describe("More rules for the nodes. Peers are chosen by `nodeSelector` alone."),
      priorityClassName: z.string().default("system-node-critical").describe("Priority of the pods."),
      updateStrategy: kubernetes()
        .default({ type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } })
        .describe("One node at a time hands its VIPs over."),
      revisionHistoryLimit: z.int().min(0).default(10).describe("Revisions of the DaemonSet to keep for a rollback."),
      podAnnotations: labels().default({}).describe("More annotations of the pods."),
      podLabels: labels().default({}).describe("More labels of the pods."),
      hostPath: z
        .strictObject({
          enabled: z
            .boolean()
            .default(true)
            .describe(
              "`false`: for clusters that admit no hostPath. Modules and sysctls are then yours to set (docs/install.md).",
            ),
        })
        .describe("Folders of the node: one for the last known good configuration, the kernel modules, the sysctls."),
    },
  },
  {
    title: "Names and rights",
    keys: {
      nameOverride: z.string().default("").describe("In place of the name of the chart."),
      fullnameOverride: z.string().default("").describe("The name of all objects, in place of release and chart."),
      rbac: z
        .strictObject({
          create: z.boolean().default(true).describe("Create the roles and their bindings."),
          serviceAccountName: z
            .string()
            .optional()
            .describe("Key of release 0.35: without `rbac.create`, the ServiceAccount. Now `serviceAccount.name`."),
        })
        .describe("Rights of sync."),
      serviceAccount: z
        .strictObject({
          create: z.boolean().default(true).describe("Create the ServiceAccount."),
          name: z.string().default("").describe("Empty: the name of all objects, or `default` if none is created."),
          annotations: labels().default({}).describe("Annotations of the ServiceAccount."),
        })
        .describe("The account of the pods. Only sync has its token."),
      crds: z
        .strictObject({
          install: z
            .boolean()
            .default(true)
            .describe(
              "Install the definition of VipReports. One release of a cluster has it: `false` for a second one.",
            ),
          keep: z.boolean().default(true).describe("Keep the definition, and the VipReports, at `helm uninstall`."),
        })
        .describe("The CustomResourceDefinition. An upgrade of the chart upgrades it."),
    },
  },
  {
    title: "Around it",
    keys: {
      prometheus: z
        .strictObject({
          podMonitor: z
            .strictObject({
              enabled: z
                .boolean()
                .default(false)
                .describe("Create a PodMonitor. The containers then answer on the address of the node, too."),
              additionalLabels: labels().default({}).describe("More labels, by which a Prometheus finds it."),
              annotations: labels().default({}).describe("Annotations of the PodMonitor."),
              interval: z.string().default("30s").describe("How often Prometheus asks."),
            })
            .describe("For the Prometheus Operator."),
          prometheusRule: z
            .strictObject({
              enabled: z.boolean().default(false).describe("Create a PrometheusRule with the alerts."),
              additionalLabels: labels().default({}).describe("More labels, by which a Prometheus finds it."),
              annotations: labels().default({}).describe("Annotations of the PrometheusRule."),
            })
            .describe("Alerts, for the Prometheus Operator."),
        })
        .describe("Metrics (docs/metrics.md)."),
      grafanaDashboard: z
        .strictObject({
          enabled: z
            .boolean()
            .default(false)
            .describe("Create a ConfigMap with the dashboard. The sidecar of the Grafana chart loads it."),
          labels: labels().default({ grafana_dashboard: "1" }).describe("Labels by which that sidecar finds it."),
          annotations: labels().default({}).describe("Annotations of the ConfigMap, such as the folder in Grafana."),
        })
        .describe("A Grafana dashboard."),
      notify: z
        .strictObject({
          configMap: z
            .string()
            .regex(new RegExp(`^(${NAME})?$`))
            .default("")
            .describe("Name of the ConfigMap, whose key `notify.sh` is the program. Empty: none is called."),
        })
        .describe("A program that the sidecar calls when the role of its node changes (docs/maintenance.md)."),
      admission: z
        .strictObject({
          enabled: z
            .boolean()
            .default(false)
            .describe("Refuse broken entries when they are applied (Kubernetes 1.31 or newer)."),
        })
        .describe("A ValidatingAdmissionPolicy for the ConfigMap."),
    },
  },
  { title: "Keys of release 0.35", keys: former },
]
