import type { StatusVip } from "../../../src/contract/status.ts"
import type { PageData, PageNode, PagePods } from "../../../src/sidecar/page/data.ts"
import type { NodeEvent } from "../../../src/contract/node/history.ts"
import type { VrrpState } from "../../../src/contract/vrrp.ts"
import { eventsOf } from "../../../src/sidecar/page/events.ts"
import type { Generations } from "../../../src/sidecar/page/diff.ts"
import type { VipExplanation } from "../../../src/sidecar/page/explanation.ts"
import { podsKey } from "../../../src/sidecar/page/data.ts"
import { ALIVE } from "../../support/signs.ts"
import { STATUS, SYNC_SIGNS, VRRP } from "../../cli/support/volume.ts"

export const NOW = "2026-11-26T03:12:00.000Z"
export const GENERATION = "00000000000000000007-0123456789ab"

/** A VIP of the only ConfigMap, as written. */
export function vip(address: string, more: Partial<StatusVip> = {}): StatusVip {
  const [base] = STATUS.vips
  if (base === undefined) throw new Error("there is a VIP")
  return { ...base, vip: address, entry: address, realServers: 3, readyPods: 3, ...more }
}

/** A node that reported 12 s ago. */
export function node(name: string, more: Partial<PageNode> = {}): PageNode {
  return {
    ...{ name, isSelf: false, address: `10.4.0.${name.slice(1)}`, priority: 262 - 8 * Number(name.slice(1)) },
    ...{ ready: true, answers: null, heard: { kind: "age", seconds: 12 }, generation: "0123456789ab", vips: 3 },
    roles: [{ ...VRRP, state: "backup", since: "2026-11-22T23:10:00.000Z" }],
    drained: null,
    troubles: [],
    ...more,
  }
}

/** Three generations that ran: the second adds a line, the third has hostile text. */
export const GENERATIONS: Generations = {
  list: () => Promise.resolve([5, 6, 7].map((sequence) => ({ sequence, name: `${sequence}` }))),
  config: (name) => Promise.resolve(CONFIGS[name] ?? null),
}
const CONFIGS: Readonly<Record<string, string>> = {
  5: "global_defs {\n  router_id n1\n}\n",
  6: "global_defs {\n  router_id n1\n  vrrp_version 3\n}\n",
  7: "global_defs {\n  router_id <script>alert(1)</script>\n  vrrp_version 3\n}\n",
}

/** A broken entry, with hostile text in its line; null for every other. */
export function explain({ object, entry }: { readonly object: string; readonly entry: string }): VipExplanation | null {
  if (entry !== "10.4.0.53") return null
  const problem = {
    severity: "error",
    code: "SERVICE_NOT_FOUND",
    message: 'Cannot use "shop/frontned": there is none',
  } as const
  const place = "vips/kube-keepalived-vip/vip-configmap.yaml:9:14"
  return {
    ...{ node: "n1", vip: entry, object, entry, state: "held", text: "shop/frontned <script>" },
    problems: [{ ...problem, place, line: "  10.4.0.53: shop/frontned <script>", column: 14 }],
    services: [
      {
        ...{ service: "shop/frontend", forwardingMethod: "NAT" },
        place: { file: "services/shop/frontend.json", line: null, column: null },
        ports: [
          {
            ...{ name: "http", port: 80, protocol: "TCP", targetPort: "web", virtualServer: "10.4.0.53 80 TCP" },
            sources: [
              {
                ...{ kind: "EndpointSlice", name: "frontend-x7k2p" },
                place: { file: "services/shop/frontend.json", line: null, column: null },
                endpoints: [
                  {
                    ...{ address: "10.244.0.1", port: 8080, node: "n1", condition: "ready", weight: 1 },
                    why: "it is ready",
                  },
                  {
                    ...{ address: "10.244.0.9", port: null, node: "<b>n2</b>", condition: "not ready", weight: null },
                    why: "it is not ready",
                  },
                ],
              },
            ],
          },
        ],
      },
      { service: "shop/frontned", forwardingMethod: "NAT", place: null, ports: [] },
    ],
    pods: { ready: ["10.244.0.1"], draining: ["10.244.0.2"], unreachable: ["10.244.0.3"] },
    config: "virtual_server 10.4.0.53 80 {\n  lb_algo wrr\n}\n",
  }
}

export const SELF = node("n1", { isSelf: true, heard: { kind: "age", seconds: 0 }, roles: [VRRP] })

/** Three nodes, of which the first is this one and master, and three VIPs. */
export function pageData(more: Partial<PageData> = {}): PageData {
  const vips = ["10.4.0.50", "10.4.0.51", "10.4.0.52"].map((address) => vip(address))
  return {
    now: NOW,
    status: { ...STATUS, vips },
    agent: ALIVE,
    sync: SYNC_SIGNS,
    generation: GENERATION,
    version: "1.0.0",
    instances: [
      {
        ...{ name: "vips", interface: "eth0", virtualRouterId: 50, priority: 254, advertInterval: 1, isUnicast: false },
        vips: vips.map((one) => one.vip),
      },
    ],
    pods: podsOf(vips),
    connections: new Map([["10.4.0.50", { open: 12, perSecond: 3 }]]),
    nodes: { age: { kind: "age", seconds: 4 }, list: [SELF, node("n2"), node("n3")] },
    events: [],
    eventsFault: null,
    ...more,
  }
}

/** Three ready pods behind each VIP. */
export function podsOf(vips: readonly StatusVip[]): ReadonlyMap<string, PagePods> {
  const pods = { ready: ["10.244.0.7", "10.244.1.7", "10.244.2.7"], draining: [], unreachable: [] }
  return new Map(vips.map((one) => [podsKey(one), pods]))
}

/** Several hundred VIPs, some of which need attention. */
export function manyVips(count: number): readonly StatusVip[] {
  return Array.from({ length: count }, (_, at) => {
    const address = `10.4.${4 + Math.floor(at / 250)}.${1 + (at % 250)}`
    const services = [`shop-${at}/frontend-of-the-shop`]
    if (at % 100 === 7) return vip(address, { services, state: "unserved", unserved: 1, readyPods: 2 })
    if (at % 100 !== 42) return vip(address, { services })
    const message = `Cannot use "defautl/echo": there is no Service of that name (expected one of the namespace "default")`
    return vip(address, { services, state: "held", problem: { code: "SERVICE_MISSING", message } })
  })
}

/** What a person sees on a day with one broken entry: the picture of the documents. */
export function brokenEntry(): PageData {
  const message = 'Cannot use "shop/frontned": there is no Service of that name in namespace "shop"'
  const problem = { code: "SERVICE_NOT_FOUND", message }
  const vips = [
    vip("10.4.0.50", { services: ["shop/frontend"], virtualServers: 2, readyPods: 4 }),
    vip("10.4.0.51", { services: ["shop/api"], readyPods: 3 }),
    vip("10.4.0.52", { services: ["mail/smtp", "mail/imap"], virtualServers: 3, readyPods: 2 }),
    vip("10.4.0.53", { services: ["shop/frontned"], state: "held", problem, readyPods: 3 }),
  ]
  const pods = (ready: number, draining: number, unreachable: number): PagePods => ({
    ready: Array.from({ length: ready }, (_, at) => `10.244.0.${at}`),
    draining: Array.from({ length: draining }, (_, at) => `10.244.1.${at}`),
    unreachable: Array.from({ length: unreachable }, (_, at) => `10.244.2.${at}`),
  })
  const place = { file: "vips/kube-keepalived-vip/vip-configmap.yaml", line: 9, column: 14 }
  const path = ["ConfigMap kube-keepalived-vip/vip-configmap", "data", "10.4.0.53"]
  const base = pageData()
  return pageData({
    events: eventsOf(DAY, [
      { sequence: 6, time: "2026-11-25T16:40:00.000Z" },
      { sequence: 7, time: "2026-11-26T01:05:00.000Z" },
    ]),
    status: {
      ...base.status,
      vrrp: [{ ...VRRP, since: DAY_SINCE }],
      vips,
      problems: [{ ...problem, severity: "error", path, place }],
    },
    pods: new Map(vips.map((one, at) => [podsKey(one), pods(one.readyPods, at === 1 ? 1 : 0, at === 2 ? 1 : 0)])),
    instances: base.instances.map((one) => ({ ...one, vips: vips.map(({ vip: address }) => address) })),
    nodes: {
      ...base.nodes,
      list: base.nodes.list.map((one) => ({ ...one, vips: 4, roles: rolesSince(one, DAY_SINCE) })),
    },
  })
}

/** Two masters that do not hear each other, a node in FAULT and a silent one. */
export function twoMasters(): PageData {
  const fault = { ...VRRP, state: "fault" as const, reason: 'interface "eth0" has no carrier' }
  return pageData({
    nodes: {
      age: { kind: "age", seconds: 4 },
      list: [
        SELF,
        node("n2", { roles: [VRRP] }),
        node("n3", { roles: [fault], generation: "fedcba987654", troubles: ["Held: the entry 10.4.0.52 is broken"] }),
        node("n4", {
          roles: null,
          generation: null,
          vips: null,
          heard: { kind: "unknown", why: "it has not reported" },
        }),
      ],
    },
  })
}

const role = (time: string, from: VrrpState, to: VrrpState, reason: string | null = null) =>
  ({ kind: "role", instance: "vips", time: `2026-11-2${time}:00.000Z`, from, to, reason }) as const

/** When this node became master again. */
const DAY_SINCE = "2026-11-25T11:02:00.000Z"
const rolesSince = ({ roles }: PageNode, since: string) => roles?.map((one) => ({ ...one, since })) ?? null

/** A handover for a reboot, a rejected generation, a pin, and an entry that is broken. */
const DAY: readonly NodeEvent[] = [
  role("2T22:00", "backup", "master"),
  role("5T09:30", "master", "fault", "this node hands its VIPs over: it is being drained"),
  role("5T09:36", "fault", "backup"),
  role("5T11:02", "backup", "master"),
  {
    ...{ kind: "trouble", what: "rejected", time: "2026-11-25T16:12:00.000Z", sequence: 5 },
    reason: "CONFIG_REJECTED: keepalived refuses line 41: Unknown keyword 'lvs_shed'",
  },
  { kind: "rollback", time: "2026-11-25T16:20:00.000Z", sequence: 4, reason: "until the fix is merged" },
  { kind: "resume", time: "2026-11-25T16:39:00.000Z", sequence: 4, reason: null },
  {
    ...{ kind: "trouble", what: "held", time: "2026-11-26T01:05:00.000Z", sequence: 7 },
    reason: "10.4.0.53 is held (SERVICE_NOT_FOUND)",
  },
]
