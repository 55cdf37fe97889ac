import { encodeManifest } from "../../src/contract/manifest.ts"
import { encodeNodeEvent } from "../../src/contract/node/history.ts"
import type { Status } from "../../src/contract/status.ts"
import type { SyncStatus } from "../../src/contract/sync-status.ts"
import type { Problem } from "../../src/kit/problem.ts"
import type { SidecarCode } from "../../src/sidecar/problem-codes.ts"
import { captureProblems } from "../../src/sidecar/capture/problems.ts"
import { instanceOf, modelWith } from "../core/instances.ts"
import { configMap, nodes, service, slice, type Tree } from "../cli/support/manifests.ts"
import { heartbeatText, STATUS, volumes } from "../cli/support/volume.ts"

const [APPLIED] = STATUS.vips
const HEALTHY: Partial<Status> = { vips: [{ ...APPLIED!, services: ["default/echoheaders"] }] }
/** An entry that is not in effect. */
const NOTHING = { ...APPLIED!, inEffect: false, services: [], virtualServers: 0, realServers: 0, readyPods: 0 }
const NOT_AN_ADDRESS =
  'Cannot announce "10.4.0.999": 999 is larger than 255 (expected one IPv4 address, such as 10.4.0.50)'
const NOT_A_METHOD = 'Cannot forward with "NATX": it is not a forwarding method (expected NAT or DR)'

/** What a directory holds where the examples of a section run. */
export const scenes = (): Readonly<Record<string, Tree>> => ({
  "docs/client-address.md": {
    "tree/vips.yaml": configMap("10.4.0.51: default/echoheaders:DR"),
    "tree/service.yaml": service("echoheaders"),
    "tree/slice.yaml": slice("echoheaders", ["10.2.68.5"]),
  },
  "docs/migrate-0.35.md": {
    "old/vip-configmap.yaml": configMap("10.4.0.50: default/echoheaders:PROXY").replace("vips", "vip-configmap"),
    "old/service.yaml": service("echoheaders"),
    "old/slice.yaml": slice("echoheaders", ["10.2.68.5"]),
  },
  "docs/migrate-keepalived.md": {
    "conf/n1.conf": keepalivedConf("10.4.0.3", 150),
    "conf/n2.conf": keepalivedConf("10.4.0.4", 100),
    "services/web.yaml": service("web", { spec: ["externalIPs: [10.4.0.60, 'fd00::60']"] }),
  },
  "README.md": {
    "badtree/configmap.yaml": configMap(
      "10.4.0.50: default/echoheaders:NATX",
      "10.4.0.999: default/echoheaders",
    ).replace("vips", "vip-configmap"),
    "badtree/service.yaml": service("echoheaders"),
    "badtree/slice.yaml": slice("echoheaders", ["10.2.68.5"]),
  },
  "First commands": node({
    problems: [...problemOf("10.4.0.51", NOT_A_METHOD), ...problemOf("10.4.0.999", NOT_AN_ADDRESS)],
    nodes: { watched: 2, unreachable: [], unheard: 0, unheardNames: [], cutOff: false },
    vips: [
      { ...APPLIED!, services: ["default/echoheaders"] },
      {
        ...APPLIED!,
        vip: "10.4.0.51",
        entry: "10.4.0.51",
        state: "held",
        services: ["default/echo"],
        problem: { code: "BAD_FORWARDING_METHOD", message: NOT_A_METHOD },
      },
      {
        ...NOTHING,
        vip: "10.4.0.999",
        entry: "10.4.0.999",
        state: "left-out",
        problem: { code: "BAD_ADDRESS", message: NOT_AN_ADDRESS },
      },
    ],
  }),
  "FAULT, or no master": node({
    vrrp: [
      {
        ...{ instance: "vips", interface: "eth0", state: "fault", since: "2026-11-22T22:40:00.000Z" },
        reason: 'interface "eth0" has no carrier: look at the cable and the switch',
        advertInterval: 1,
      },
    ],
  }),
  "Refused connections": {
    ...node({
      vips: [{ ...NOTHING, services: ["default/echoheaders"], state: "unserved", inEffect: true, unserved: 1 }],
    }),
    "git/vips.yaml": configMap("10.4.0.50: default/echoheaders"),
    "git/service.yaml": service("echoheaders"),
    "git/slice.yaml": slice("echoheaders", ["{ addresses: [10.2.68.5], conditions: { ready: false } }"]),
    "git/nodes.yaml": nodes("10.4.0.3"),
  },
  "Requests are refused again and again": node({
    drift: "repaired",
    problems: [
      nodeProblem(
        "KUBE_PROXY_IPVS",
        ["kube-proxy"],
        "Set ipvs.excludeCIDRs: [10.4.0.50/32] in the configuration of kube-proxy and restart it: in IPVS mode it deletes our virtual servers on this node, however often they are restored",
      ),
    ],
  }),
  "The wrong pods answer": node({
    problems: captureProblems(
      [
        {
          server: { address: "10.4.0.50", port: 80, protocol: "TCP" },
          taker: "kube-proxy",
          effect: "forwarded",
          owner: { kind: "service", name: "shop/web", field: "external IP" },
          to: null,
          rule: "KUBE-SERVICES",
        },
      ],
      modelWith({
        ...instanceOf(),
        vips: [
          { id: "ConfigMap kube-keepalived-vip/vip-configmap 10.4.0.50", address: "10.4.0.50", virtualServers: [] },
        ],
      }),
    ),
  }),
  "An entry without effect": {
    ...node({
      vips: [
        { ...APPLIED!, services: ["default/echoheaders"] },
        {
          ...APPLIED!,
          vip: "10.4.0.51",
          entry: "10.4.0.51",
          state: "held",
          problem: { code: "BAD_FORWARDING_METHOD", message: NOT_A_METHOD },
        },
      ],
      problems: problemOf("10.4.0.51", NOT_A_METHOD),
    }),
    "git/vips.yaml": configMap("10.4.0.50: default/echoheaders", "10.4.0.51: default/echo:NATX"),
  },
  "A commit without effect": {
    "before/vips.yaml": configMap('10.4.0.50: ""', '10.4.0.51: ""', '10.4.0.52: ""', '10.4.0.53: ""'),
    "before/nodes.yaml": nodes("10.4.0.3"),
    "after/vips.yaml": configMap('10.4.0.50: ""'),
    "after/nodes.yaml": nodes("10.4.0.3"),
  },
  "A new VIP that waits": node({
    vips: [
      { ...APPLIED!, services: ["default/echoheaders"] },
      {
        ...NOTHING,
        vip: "10.4.0.52",
        entry: "10.4.0.52",
        state: "left-out",
        problem: {
          code: "ADDRESS_IN_USE",
          message:
            'Cannot announce 10.4.0.52: the station with hardware address 52:54:00:12:34:56 answers for it on the LAN of "eth0", and it is not one of the nodes; choose a free address, or remove it from that station: the sidecar asks the LAN again, and announces the VIP when no station answers',
        },
      },
    ],
  }),
  "API server down": { ...node({}), "desired/beat/heartbeat": heartbeatText(1, undefined, { readAgo: 200 }) },
  "sync holds its source": node(
    {},
    {
      state: "held",
      problems: [
        nodeProblem(
          "CONFIGMAP_MISSING",
          ["ConfigMap kube-keepalived-vip/vip-configmap"],
          'Cannot find the ConfigMap "kube-keepalived-vip/vip-configmap" in the source: what was published last stays; to remove all VIPs, keep the ConfigMap and empty its data',
        ),
      ],
    },
  ),
  "What changed last": {
    "state/history.jsonl": `${[
      encodeNodeEvent({
        kind: "role",
        instance: "vips",
        time: "2026-11-22T21:59:58.000Z",
        from: "init",
        to: "backup",
        reason: null,
      }),
      encodeNodeEvent({
        kind: "role",
        instance: "vips",
        time: "2026-11-22T22:00:00.000Z",
        from: "backup",
        to: "master",
        reason: "no advert of a master was heard",
      }),
    ].join("\n")}\n`,
    "state/archive/.keep": "",
  },
})

/** A configuration as people write it for one of two nodes. */
function keepalivedConf(address: string, priority: number): string {
  return `vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority ${priority}
  unicast_src_ip ${address}
  virtual_ipaddress {
    10.4.0.50/24
    fd00::50/64
  }
  notify_master /etc/keepalived/master.sh
}
virtual_server 10.4.0.50 80 {
  lvs_sched rr
  lvs_method NAT
  real_server 10.4.0.11 8080 {
  }
}
`
}

/** The volumes of a node that is healthy, but for these changes. */
function node(status: Partial<Status>, sync: Partial<SyncStatus> = {}): Tree {
  const manifest = encodeManifest({
    ...{ sequence: 7, contentSha256: "a".repeat(64), resources: [], configMaps: ["kube-keepalived-vip/vip-configmap"] },
    counts: { files: 1, configMaps: 1, services: 0, endpoints: 0, nodes: 0 },
    files: [{ name: "vips/kube-keepalived-vip/vip-configmap.yaml", size: 1, sha256: "b".repeat(64) }],
  })
  const changes = { status: { ...HEALTHY, ...status }, sync: { source: "https://10.96.0.1:443", ...sync } }
  return volumes({ "manifest.json": manifest }, changes)
}

/** The problem of one entry. */
function problemOf(entry: string, message: string): readonly Problem<"BAD_ADDRESS" | "BAD_FORWARDING_METHOD">[] {
  const code = message === NOT_A_METHOD ? "BAD_FORWARDING_METHOD" : "BAD_ADDRESS"
  const place = { file: "vips/kube-keepalived-vip/vip-configmap.yaml", line: 8, column: 3 }
  return [
    { code, severity: "error", path: ["ConfigMap kube-keepalived-vip/vip-configmap", "data", entry], place, message },
  ]
}

function nodeProblem(code: SidecarCode, path: readonly string[], message: string): Problem<SidecarCode> {
  return { code, severity: "error", path, place: null, message }
}
