import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"

import { encodeNodeReport, type NodeReport, type ServedVip } from "../../../src/contract/report/node-report.ts"
import { openCluster } from "../../../src/plugin/client/open.ts"
import type { Clock } from "../../../src/kit/time/clock.ts"
import { main } from "../../../src/plugin/main.ts"
import type { Kubectl } from "../../../src/plugin/ports.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

/** The time of the fake API server, whatever the clock of this machine says. */
export const NOW = new Date("2026-11-30T12:00:00Z")
export const NAMESPACE = "kube-keepalived-vip"
export const REPORTS = "/apis/kube-keepalived-vip.io/v1alpha1/vipreports"
export const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`

export interface Said {
  readonly status: number
  readonly out: string
  readonly err: string
}

/** A FAKE API server over plain HTTP: it gives the objects of a test, and knows neither rights nor selectors. */
export interface FakeCluster {
  /** Path of a list or of an object -> the items, the object, or the status code of a refusal. Anything else is 404. */
  readonly answers: Map<string, readonly object[] | object | number>
  /** Paths that were asked for, with their queries. */
  readonly asked: string[]
  readonly kubeconfig: string
  /** Runs a command of kubectl kkv against it. */
  run(...words: readonly string[]): Promise<Said>
  /** The same with exactly these words. */
  plain(...words: readonly string[]): Promise<Said>
}

/** A FAKE kubectl, and the terminal of the user. */
export interface FakeOutside {
  readonly kubectl: Kubectl
  readonly ask: () => ((question: string) => Promise<boolean>) | null
}

const NO_OUTSIDE: FakeOutside = {
  kubectl: {
    kkv: () => Promise.reject(new Error("no test runs a command here")),
    forward: () => Promise.reject(new Error("no test forwards a port here")),
  },
  ask: () => null,
}

/** A cluster with two nodes that are well: n1 is master and serves one VIP, n2 is backup. */
export function inCluster(
  check: (cluster: FakeCluster) => Promise<void>,
  outside: FakeOutside = NO_OUTSIDE,
): () => Promise<void> {
  return () =>
    withTemporaryDirectory(async (directory) => {
      const answers: FakeCluster["answers"] = new Map()
      const asked: string[] = []
      const server = createServer((request, response) => {
        const path = (request.url ?? "").split("?")[0] ?? ""
        asked.push(request.url ?? "")
        const answer = answers.get(path) ?? 404
        response.sendDate = false
        const headers = { "content-type": "application/json", date: NOW.toUTCString() }
        if (typeof answer === "number") {
          response.writeHead(answer, headers).end(JSON.stringify({ kind: "Status", message: `scripted ${answer}` }))
          return
        }
        response.writeHead(200, headers).end(JSON.stringify(Array.isArray(answer) ? { items: answer } : answer))
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const { port } = server.address() as AddressInfo
      const kubeconfig = join(directory, "kubeconfig")
      await writeFile(kubeconfig, kubeconfigText(port))
      putWell(answers)
      try {
        await check({
          answers,
          asked,
          kubeconfig,
          run: (...words) => run([...words, "--kubeconfig", kubeconfig], outside),
          plain: (...words) => run(words, outside),
        })
      } finally {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    })
}

async function run(words: readonly string[], { kubectl, ask }: FakeOutside): Promise<Said> {
  const said = { out: "", err: "" }
  const status = await main(
    words,
    {
      out: (text) => (said.out += text),
      err: (text) => (said.err += text),
      colour: false,
    },
    { openCluster: (settings) => ({ ...openCluster(settings), kubectl }), ask: ask(), clock: hurried() },
  )
  return { status, ...said }
}

function kubeconfigText(port: number): string {
  return `apiVersion: v1
kind: Config
clusters: [{ name: fake, cluster: { server: "http://127.0.0.1:${port}" } }]
users: [{ name: nobody, user: {} }]
contexts: [{ name: fake, context: { cluster: fake, user: nobody } }]
current-context: fake
`
}

function putWell(answers: FakeCluster["answers"]): void {
  answers.set(REPORTS, [vipReport()])
  answers.set(LEASES, [lease("n1", nodeReport("master")), lease("n2", nodeReport("backup"))])
  answers.set(`${LEASES}/reporter.vip-configmap`, lease("n1", null))
  answers.set(`/api/v1/namespaces/${NAMESPACE}/configmaps/vip-configmap`, { data: { "10.4.0.50": "shop/web\n" } })
  answers.set("/api/v1/namespaces/shop/services/web", {
    spec: { type: "ClusterIP", ports: [{ port: 80, targetPort: 8080, name: "http" }] },
  })
  answers.set("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", [
    {
      endpoints: [
        endpoint("10.2.1.5", "n1", "web-a", { ready: true }),
        endpoint("10.2.2.6", "n2", "web-b", { ready: false, serving: true, terminating: true }),
        endpoint("10.2.2.7", "n2", "web-c", { ready: false, serving: false, terminating: false }),
      ],
    },
  ])
}

function endpoint(address: string, nodeName: string, name: string, conditions: object): object {
  return { addresses: [address], nodeName, conditions, targetRef: { kind: "Pod", namespace: "shop", name } }
}

/** @param change Of the status. */
export function vipReport(change: object = {}): object {
  const ready = { type: "Ready", status: "True", reason: "Applied", message: "2 of 2 nodes have version 7 in effect" }
  const status = {
    ...{ conditions: [ready], configMap: "7", vips: 1, readyPods: 1, unserved: 0 },
    ...{ instances: [{ name: "vips", masters: ["n1"] }], masters: ["n1"], master: "n1" },
    nodes: { applied: 2, reporting: 2, notReady: 0, silent: 0 },
    ...{ generations: [], troubles: [] },
  }
  return { metadata: { namespace: NAMESPACE, name: "vip-configmap" }, status: { ...status, ...change } }
}

export const SERVED: ServedVip = {
  ...{ vip: "10.4.0.50", state: "applied", services: ["shop/web"], moreServices: 0, virtualServers: 1, realServers: 2 },
  ...{ readyPods: 1, drainingPods: 1, unreachablePods: 0, unserved: 0, problem: null },
}

/** Master or backup for three days and four hours. */
export function nodeReport(state: "master" | "backup", change: Partial<NodeReport> = {}): NodeReport {
  return {
    ...{ configMap: "7", state: "applied", generation: "4344a465c585", vips: 1, readyPods: 1, unserved: 0 },
    unservedNames: [],
    roles: [{ instance: "vips", state, since: "2026-11-27T08:00:00.000Z", reason: null, advertInterval: 1 }],
    ...{ serves: state === "master" ? [SERVED] : null, servesMore: 0, troubles: [], more: 0 },
    ...change,
  }
}

/** @param report Null: without a report. @param ageMs Time since its last renewal. */
export function lease(node: string, report: NodeReport | null, ageMs = 12_000): object {
  const annotations = report === null ? {} : { "kube-keepalived-vip.io/report": encodeNodeReport(report) }
  const renewTime = new Date(NOW.getTime() - ageMs).toISOString()
  return { metadata: { name: `node.vip-configmap.${node}`, annotations }, spec: { holderIdentity: node, renewTime } }
}

/** A clock whose waits end at once, and let their time pass. */
function hurried(): Clock {
  let now = 0
  return {
    now: () => now,
    delay: (ms) => {
      now += ms
      return Promise.resolve()
    },
  }
}
