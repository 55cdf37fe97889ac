import { test } from "uvu"
import * as assert from "uvu/assert"

import type { Capture, Owner } from "../../../src/sidecar/capture/capture.ts"
import type { CaptureQuestion } from "../../../src/sidecar/capture/find-captures.ts"
import { captureProblems } from "../../../src/sidecar/capture/problems.ts"
import { problemsOf } from "../../../src/sidecar/report/status.ts"
import { agentOn, fakeNode, generation, passSeconds } from "../fake-node.ts"
import { modelOf } from "../scripted.ts"

const SERVER = { address: "10.4.0.50", port: 80, protocol: "TCP" } as const
const MODEL = modelOf("10.4.0.50")

function capture(more: Partial<Capture> = {}): Capture {
  const owner: Owner = { kind: "service", name: "default/ext", field: "external IP" }
  return { server: SERVER, taker: "kube-proxy", effect: "forwarded", owner, to: null, rule: "RULE", ...more }
}

const said: readonly [what: string, found: Partial<Capture>, code: string, message: string][] = [
  [
    "an external IP",
    {},
    "FORWARDED_BY_KUBE_PROXY",
    'Cannot forward 10.4.0.50:80/TCP by IPVS: kube-proxy, for Service "default/ext", takes its packets first (RULE); remove 10.4.0.50 from its spec.externalIPs',
  ],
  [
    "a load balancer's address",
    { owner: { kind: "service", name: "shop/lb", field: "load balancer IP" } },
    "FORWARDED_BY_KUBE_PROXY",
    'Cannot forward 10.4.0.50:80/TCP by IPVS: kube-proxy, for Service "shop/lb", takes its packets first (RULE); give 10.4.0.50 ipMode: Proxy in its status.loadBalancer.ingress, or remove it',
  ],
  [
    "a drop because local endpoints are missing",
    { effect: "dropped", owner: { kind: "service", name: "shop/local", field: "external" } },
    "DROPPED_BY_KUBE_PROXY",
    'Cannot forward 10.4.0.50:80/TCP by IPVS: kube-proxy, for Service "shop/local", drops its packets first (RULE); remove 10.4.0.50 from its spec.externalIPs, and give it ipMode: Proxy in its status.loadBalancer.ingress',
  ],
  [
    "a hostPort",
    { taker: "hostport", owner: { kind: "sandbox", id: "5f2a9b7c1d" }, to: "10.2.66.9:8000" },
    "FORWARDED_BY_HOSTPORT",
    "Cannot forward 10.4.0.50:80/TCP by IPVS: the hostPort of the pod at 10.2.66.9:8000, sandbox 5f2a9b7c1d, takes its packets first (RULE); take hostPort 80 from that pod, give it a hostIP that is not the VIP, or use another port",
  ],
  [
    "a rule of an unknown program",
    { taker: "rule", owner: null },
    "FORWARDED_BY_RULE",
    "Cannot forward 10.4.0.50:80/TCP by IPVS: a rule of the nat table takes its packets first (RULE); remove the rule, or exclude the VIP from it",
  ],
]
for (const [what, found, code, message] of said)
  test(`captureProblems() says what to do about ${what}`, () => {
    assert.equal(captureProblems([capture(found)], MODEL), [
      { code, severity: "error", path: ["ConfigMap default/vips", "data", "10.4.0.50"], place: null, message },
    ])
  })

test("captureProblems() says of at most twenty virtual servers each what takes it, and how many more there are", () => {
  const found = Array.from({ length: 30 }, (_, at) => capture({ server: { ...SERVER, port: 80 + at } }))
  const problems = captureProblems(found, MODEL)
  assert.is(problems.length, 20)
  assert.match(problems[0]?.message ?? "", "; 10 other virtual servers are taken as well")
})

test("captureProblems() ignores an address that is not a VIP any more", () => {
  assert.equal(captureProblems([capture()], { instances: [] }), [])
})

async function running(captures: (question: CaptureQuestion) => Promise<readonly Capture[]>) {
  const node = fakeNode()
  node.captures = captures
  node.reading = generation(1, { "10.4.0.50": "default/a" })
  const agent = agentOn(node)
  agent.request()
  await passSeconds(node, agent, 3)
  assert.ok(agent.snapshot().inEffect !== null)
  return { node, agent, codes: () => problemsOf(agent.snapshot()).map(({ code }) => code) }
}

test("Agent.watch() looks for captures as soon as virtual servers are in effect, and then at each comparison (fault 271)", async () => {
  const asked: CaptureQuestion[] = []
  let found: readonly Capture[] = [capture()]
  const { agent, codes } = await running((question) => {
    asked.push(question)
    return Promise.resolve(found)
  })
  assert.equal(
    asked.map(({ servers }) => servers.map(({ address, port, inward }) => `${address}:${port} ${inward}`)),
    [["10.4.0.50:80 eth0"]],
  )
  assert.equal(codes(), ["FORWARDED_BY_KUBE_PROXY"])
  found = []
  await agent.findCaptures()
  assert.is(asked.length, 2)
  assert.equal(codes(), [])
  await agent.stop()
})

test("Agent.lookForCaptures() tries once more, and then says that it cannot be told (fault 273)", async () => {
  let tries = 0
  let fails = true
  const { node, agent } = await running(() => {
    tries += 1
    return fails ? Promise.reject(new Error("iptables is locked")) : Promise.resolve([])
  })
  assert.is(tries, 1)
  await passSeconds(node, agent, 6)
  assert.is(tries, 2)
  const standing = () => node.faults.standing().map(({ code, message }) => `${code}: ${message}`)
  assert.equal(standing(), [
    "FORWARDING_UNKNOWN: Cannot tell whether a rule of this node takes the packets of the VIPs before IPVS: iptables is locked",
  ])
  fails = false
  await agent.findCaptures()
  assert.equal(standing(), [])
  await agent.stop()
})

test("Agent.lookForCaptures() takes at most a sixth of the time where it is long", async () => {
  let looks = 0
  let tookMs = 0
  const { node, agent } = await running(async () => {
    looks += 1
    if (tookMs > 0) await node.clock.delay(tookMs)
    return []
  })
  const look = async (ms: number) => {
    tookMs = ms
    const turn = agent.findCaptures()
    await node.clock.advance(ms)
    await turn
    return looks
  }
  assert.is(await look(3_000), 2)
  assert.is(await look(4_000), 3)
  await node.clock.advance(15_000)
  assert.is(await look(0), 3)
  await node.clock.advance(6_000)
  assert.is(await look(0), 4)
  await agent.stop()
})

test("Agent.stop() ends a look under way", async () => {
  const { agent } = await running(() => Promise.resolve([]))
  const other = await running(
    ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")))),
  )
  await other.agent.stop()
  assert.is(other.agent.snapshot().captured, undefined)
  await agent.stop()
})

test.run()
