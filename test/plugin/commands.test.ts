import { test } from "uvu"
import * as assert from "uvu/assert"

import {
  inCluster,
  lease,
  LEASES,
  NAMESPACE,
  nodeReport,
  NOW,
  REPORTS,
  SERVED,
  vipReport,
} from "./support/fake-cluster.ts"

const EVENTS = "/api/v1/events"
const CONFIG_MAP = `/api/v1/namespaces/${NAMESPACE}/configmaps/vip-configmap`

test(
  "explain() from the VIP to its pods, and how to see the lines of keepalived.conf",
  inCluster(async ({ run }) => {
    const { status, out } = await run("explain", "10.4.0.50")
    assert.is(
      out,
      `10.4.0.50: applied on n1 for 3 d 4 h
  entry in ConfigMap kube-keepalived-vip/vip-configmap
    shop/web

Service shop/web (ClusterIP)
  port 80/TCP (http), target port 8080
    10.2.1.5  ready      n1  shop/web-a
    10.2.2.6  draining   n2  shop/web-b
    10.2.2.7  not ready  n2  shop/web-c

The lines of keepalived.conf on the holder:
  kubectl -n kube-keepalived-vip exec "$(kubectl -n kube-keepalived-vip get pods -o name --field-selector spec.nodeName=n1)" -- kkv explain 10.4.0.50
`,
    )
    assert.is(status, 0)
    assert.is((await run("explain", "shop/web")).out, out)
  }),
)

test(
  "explain() what is not there, and what nobody reports",
  inCluster(async ({ answers, run }) => {
    const { status, err } = await run("explain", "10.4.0.99")
    assert.equal([status, err], [1, 'kubectl kkv: Cannot explain "10.4.0.99": the nodes report 10.4.0.50\n'])
    answers.set(CONFIG_MAP, { data: { "10.4.0.51": "shop/other" } })
    const declared = await run("explain", "10.4.0.51")
    assert.is(declared.status, 0)
    assert.match(declared.out, /^10\.4\.0\.51: unknown: no node reports that it holds this VIP\n {2}entry in ConfigMap/)
    answers.delete("/api/v1/namespaces/shop/services/web")
    assert.match((await run("explain", "10.4.0.50")).out, "this Service does not exist")
    answers.set("/api/v1/namespaces/shop/services/web", 403)
    assert.match((await run("explain", "10.4.0.50")).out, /unknown: Cannot read services "shop\/web": .*403/)
  }),
)

test(
  "explain() an entry in the long form by its name and by each of its addresses",
  inCluster(async ({ answers, run }) => {
    const text = "addresses: [10.4.0.50, 10.4.0.51]\nservices: [{service: shop/web}]\n"
    answers.set(CONFIG_MAP, { data: { shop: text } })
    const troubles = ['"shop": Cannot read', '"shop2": Cannot read'].map((note) => ({ reason: "R", note, nodes: "n1" }))
    answers.set(REPORTS, [vipReport({ troubles })])
    const named = await run("explain", "shop", "--output", "json")
    assert.is(named.status, 0)
    const { vips } = JSON.parse(named.out) as { readonly vips: readonly Record<string, unknown>[] }
    assert.equal(
      vips.map(({ vip, entry, state, troubles: about }) => [vip, entry, state === null, (about as unknown[]).length]),
      ["10.4.0.50", "10.4.0.51"].map((vip) => [
        vip,
        { configMap: `${NAMESPACE}/vip-configmap`, name: "shop", text },
        vip === "10.4.0.51",
        1,
      ]),
    )
    const shown = await run("explain", "10.4.0.51")
    assert.match(shown.out, /^10\.4\.0\.51: unknown: .*\n {2}entry "shop" in ConfigMap .*\n {4}addresses: /)
  }),
)

test(
  "explain() only the troubles that name the VIP",
  inCluster(async ({ answers, run }) => {
    const notes = ['"10.4.0.50": a', '"10.4.0.5": b', '"10.4.0.501": c', "no VIP at all", "10.4.0.50 is in use: d"]
    const troubles = notes.map((note, at) => ({ reason: `R${at}`, note, nodes: "n1" }))
    answers.set(REPORTS, [vipReport({ troubles })])
    const shown = [...(await run("explain", "10.4.0.50")).out.matchAll(/^ {2}(R\d) on n1/gm)].map(
      ([, reason]) => reason,
    )
    assert.equal(shown, ["R0", "R4"])
  }),
)

test(
  "who() a VIP, a pod behind one, a Service, a node, and what may not be looked at",
  inCluster(async ({ answers, run }) => {
    answers.set("/api/v1/pods", [])
    answers.set("/api/v1/services", [
      { metadata: { namespace: "shop", name: "web" }, spec: { clusterIPs: ["10.96.0.7"], externalIPs: ["10.4.0.50"] } },
    ])
    answers.set("/api/v1/nodes", 403)
    const vip = await run("who", "10.4.0.50")
    assert.is(
      vip.out,
      `10.4.0.50: a VIP of kube-keepalived-vip/vip-configmap, applied, held by n1, for shop/web
10.4.0.50: an external IP of Service shop/web
`,
    )
    assert.match(vip.err, /^note: not looked at: Cannot list nodes: .*403/)
    assert.is(vip.status, 0)
    assert.is((await run("who", "10.96.0.7")).out, "10.96.0.7: the cluster IP of Service shop/web\n")
    answers.set("/api/v1/pods", [{ metadata: { namespace: "shop", name: "web-a" }, spec: { nodeName: "n1" } }])
    assert.is(
      (await run("who", "10.2.1.5")).out,
      `10.2.1.5: the address of Pod shop/web-a on node n1
10.2.1.5: an endpoint of shop/web (ready), behind 10.4.0.50
`,
    )
    answers.set("/api/v1/pods", [])
    answers.set("/api/v1/nodes", [
      { metadata: { name: "n1" }, status: { addresses: [{ address: "10.4.0.3" }, { address: "n1" }] } },
    ])
    assert.is((await run("who", "10.4.0.3")).out, "10.4.0.3: an address of node n1\n")
    const nobody = await run("who", "10.4.0.99")
    assert.equal([nobody.status, nobody.out], [1, "10.4.0.99: nothing that this user may see has it\n"])
  }),
)

test(
  "who() a VIP whose holder is silent has no holder that is known",
  inCluster(async ({ answers, run }) => {
    answers.set(LEASES, [lease("n1", nodeReport("master", { serves: [SERVED] }), 600_000)])
    assert.match((await run("who", "10.4.0.50")).out, "unknown, its holder is unknown, for shop/web")
  }),
)

test(
  "events() those of the product alone, oldest first, with the newest time of a series",
  inCluster(async ({ answers, run }) => {
    const at = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString()
    const event = (uid: string, minutes: number, more: object) => ({
      ...{ metadata: { uid }, involvedObject: { kind: "Pod", namespace: NAMESPACE, name: `kkv-${uid}` } },
      ...{ reason: "BecameMaster", message: "holds the VIPs", type: "Normal" },
      ...{ reportingComponent: "kube-keepalived-vip", eventTime: at(minutes), ...more },
    })
    answers.set(EVENTS, [
      event("a", 2, { type: "Warning", reason: "EntryHeld" }),
      event("b", 50, { series: { count: 4, lastObservedTime: at(9) } }),
      event("c", 1, { reportingComponent: "kubelet" }),
    ])
    const { status, out } = await run("events")
    assert.is(
      out,
      `LAST SEEN  TYPE     REASON        COUNT  OBJECT                         NOTE
9 min ago  Normal   BecameMaster  4      Pod kube-keepalived-vip/kkv-b  holds the VIPs
2 min ago  Warning  EntryHeld     1      Pod kube-keepalived-vip/kkv-a  holds the VIPs
`,
    )
    assert.is(status, 0)
    answers.set(EVENTS, [])
    assert.match((await run("events")).out, "No Events of kube-keepalived-vip")
    answers.set(EVENTS, 403)
    answers.set(`/api/v1/namespaces/${NAMESPACE}/events`, [event("d", 1, {})])
    assert.match((await run("events")).out, "kkv-d")
  }),
)

test.run()
