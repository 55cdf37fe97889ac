import { test } from "uvu"
import * as assert from "uvu/assert"
import type { HttpAnswer } from "../../../src/kit/http/server.ts"
import type { PageData } from "../../../src/sidecar/page/data.ts"
import { explanationHtml } from "../../../src/sidecar/page/explanation.ts"
import { compilePages } from "../../../src/sidecar/page/html.ts"
import { createPages } from "../../../src/sidecar/page/routes.ts"
import { statusJson } from "../../../src/sidecar/page/status-json.ts"
import { readPageTexts } from "../../../src/sidecar/wiring/page.ts"
import { sha256Of } from "../../../src/kit/sha256.ts"
import { STATUS, SYNC, SYNC_SIGNS } from "../../cli/support/volume.ts"
import { brokenEntry, explain, GENERATIONS, manyVips, node, pageData, podsOf, SELF, vip } from "./fixture.ts"

const REQUEST = { method: "GET", path: "/", query: "", accept: "", host: "localhost:8080" }

async function answer(data: PageData, changes: Partial<typeof REQUEST> = {}): Promise<HttpAnswer> {
  const { "/": route } = createPages(() => ({
    page: () => Promise.resolve(data),
    pageTexts: readPageTexts,
    node: "n1",
    generations: GENERATIONS,
    explain,
  }))
  if (route === undefined) throw new Error("there is a page")
  return route({ ...REQUEST, ...changes })
}

const htmlOf = async (data: PageData, query = "") => (await answer(data, { query })).body
const textOf = async (data: PageData, query = "") => (await answer(data, { query, accept: "text/plain" })).body

test("GET / gives a page that may load nothing, run nothing and be framed by nothing", async () => {
  const { status, type, body, headers = {} } = await answer(pageData())
  assert.equal([status, type], [200, "text/html"])
  const style = /<style>([^<]*)<\/style>/.exec(body)?.[1] ?? ""
  const hash = Buffer.from(sha256Of(style), "hex").toString("base64")
  assert.is(
    headers["content-security-policy"],
    `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  )
  assert.is(headers["refresh"], "5;url=/")
  assert.is(headers["referrer-policy"], "no-referrer")
  for (const forbidden of [/<script/i, /\son\w+=/i, /\sstyle=/i, /@import/i, /url\(/i, /\ssrc=/i])
    assert.not.match(body, forbidden)
})

test("GET / says the same as HTML and as text", async () => {
  const data = pageData({
    status: { ...STATUS, vips: [vip("10.4.0.50", { state: "unserved", unserved: 1, readyPods: 2 })] },
  })
  const [html, text] = [await htmlOf(data), await textOf(data)]
  for (const words of [
    "1 VIP has a port without a ready pod.",
    "10.4.0.50",
    "unserved",
    "default/echo",
    "MASTER",
    "takes over next",
  ])
    assert.ok(html.includes(words) && text.includes(words), words)
  assert.ok([html, text].every((one) => one.includes("12 open connections, 3 new a second")))
  const unknown = pageData({ connections: null })
  assert.ok([await htmlOf(unknown), await textOf(unknown)].every((one) => one.includes("connections unknown")))
  for (const words of ["reported 12 s ago", "priority 246", "2 ready", "0123456789ab", "2.3.3, running"])
    assert.ok(html.includes(words) && text.includes(words), words)
})

const accepts: readonly [accept: string, type: string][] = [
  ["", "text/html"],
  ["*/*", "text/html"],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"],
  ["text/plain", "text/plain"],
  ["text/plain, text/html;q=0.9", "text/plain"],
  ["text/*", "text/html"],
]
for (const [accept, type] of accepts)
  test(`GET / answers "Accept: ${accept}" with ${type}`, async () => {
    assert.is((await answer(pageData(), { accept })).type, type)
  })

const hosts: readonly [host: string, status: number][] = [
  ["localhost", 200],
  ["127.0.0.1:18080", 200],
  ["[::1]:8080", 200],
  ["", 200],
  ["evil.example:8080", 421],
  ["127.0.0.1.evil.example", 421],
  ["localhost.evil.example", 421],
]
for (const [host, status] of hosts)
  test(`GET / answers ${status} for the host "${host}": no other web site reads it`, async () => {
    assert.is((await answer(pageData(), { host })).status, status)
  })

test("GET / refuses a query that it does not understand, and says what it expects", async () => {
  for (const query of ["from=-1", "from=x", "from=1e3", "refresh=2"]) {
    const { status, type, body } = await answer(pageData(), { query })
    assert.equal([status, type], [400, "text/plain"], query)
    assert.match(body, /expected/)
  }
})

test("GET /?refresh=off is not loaded again, and its links keep that", async () => {
  const vips = manyVips(300)
  const { headers = {}, body } = await answer(pageData({ status: { ...STATUS, vips } }), {
    query: "refresh=off&from=100",
  })
  assert.is(headers["refresh"], undefined)
  const links = [...body.matchAll(/href="([^"]*)"/g)].map(([, link = ""]) => link.replaceAll("&#x3D;", "="))
  for (const link of ["/?refresh=off", "/?from=200&amp;refresh=off", "/?from=100"])
    assert.ok(links.includes(link), link)
})

/** Text that a user, the API or a neighbour may write, with everything that HTML and terminals act upon. */
const HOSTILE = `"><script>alert(1)</script><img src=x onerror='x()'>{{x}}&\u001b[2J\u202e\nWell: all`

/** The same data with hostile text in the place of every string that others write. */
function hostile(): PageData {
  const problem = { code: "BAD_PORT", message: HOSTILE }
  const vips = ["applied", "held", "left-out"].map((state) =>
    vip(HOSTILE, { object: HOSTILE, entry: HOSTILE, services: [HOSTILE, HOSTILE], state: state as "held", problem }),
  )
  const place = { file: HOSTILE, line: 1, column: 1 }
  const problems = [{ ...problem, severity: "error" as const, path: [HOSTILE, "data", HOSTILE], place }]
  const roles = [{ instance: HOSTILE, state: "fault" as const, since: HOSTILE, reason: HOSTILE, advertInterval: 1 }]
  const status = {
    ...STATUS,
    node: HOSTILE,
    reason: HOSTILE,
    pinned: HOSTILE,
    keepalivedVersion: HOSTILE,
    vips,
    problems,
  }
  const list = [
    { ...SELF, name: HOSTILE, roles },
    node("n2", { name: HOSTILE, address: HOSTILE, roles, troubles: [HOSTILE], generation: HOSTILE }),
    node("n3", { heard: { kind: "unknown", why: HOSTILE } }),
  ]
  const [instance] = pageData().instances
  if (instance === undefined) throw new Error("there is an instance")
  return pageData({
    status,
    sync: { ...SYNC_SIGNS, fault: HOSTILE, status: { ...SYNC, source: HOSTILE, problems } },
    generation: HOSTILE,
    pods: podsOf(vips),
    instances: [{ ...instance, name: HOSTILE, interface: HOSTILE, vips: [HOSTILE] }],
    nodes: { age: { kind: "unknown", why: HOSTILE }, list },
  })
}

test("GET / shows hostile text, and neither a browser nor a terminal acts upon it", async () => {
  const html = await htmlOf(hostile())
  assert.match(html, "&lt;script&gt;alert(1)&lt;/script&gt;")
  assert.not.match(html, /<script|<img|\sonerror='x/i)
  // Each tag is one of ours, whole: hostile text ends none and opens none.
  for (const [tag] of html.matchAll(/<[^>]*>/g))
    assert.match(tag, /^<(?:!doctype html|\/?[a-z][a-z0-9]*(?: [a-z-]+="[^"<>]*"|\/)*\/?)>$/i)
  const text = await textOf(hostile())
  assert.is(/[^\n -~●◐○…]/.exec(text), null)
  assert.not.match(text, /^Well: all/m)
})

test("GET / takes less than 60 kB, whatever it shows, and says what it leaves out", async () => {
  const vips = manyVips(500)
  const many = { status: { ...STATUS, vips }, pods: podsOf(vips) }
  const html = await htmlOf(pageData(many))
  assert.ok(Buffer.byteLength(html) < 60_000)
  assert.match(html, "VIPs 1 to 100 of 500")
  assert.is((await textOf(pageData(many))).split("\n").filter((line) => /^10\.4\.\d/.test(line)).length, 500)

  const long = Array.from({ length: 1_000 }, (_, at) =>
    vip(`${at}${HOSTILE.repeat(20)}`, {
      ...{
        object: HOSTILE.repeat(9),
        entry: `${at}${HOSTILE.repeat(9)}`,
        state: "held",
        services: Array(9).fill(HOSTILE.repeat(9)),
      },
      problem: { code: "BAD_PORT", message: HOSTILE.repeat(99) },
    }),
  )
  const problems = long.map(({ entry, object }) => ({
    ...{ code: "BAD_PORT", severity: "error" as const, path: [object, "data", entry] },
    ...{ place: null, message: `${entry}${HOSTILE.repeat(9)}` },
  }))
  const names = Array.from({ length: 500 }, (_, at) =>
    node(`n${at}`, { name: `n${at}${"x".repeat(240)}`, troubles: Array(5).fill(HOSTILE.repeat(9)) }),
  )
  const worst = pageData({
    status: { ...STATUS, vips: long, problems },
    pods: podsOf(long),
    nodes: { age: { kind: "age", seconds: 1 }, list: [SELF, ...names] },
  })
  assert.ok(Buffer.byteLength(await htmlOf(worst)) < 60_000)
})

test("GET / shows VIPs that need attention first, and the others from a position on", async () => {
  const data = pageData({ status: { ...STATUS, vips: manyVips(500) } })
  const first = /<tbody>\n<tr><th scope="row"><a class="mono" [^>]*>([^<]*)/.exec(await htmlOf(data))?.[1]
  assert.is(first, "10.4.4.43")
  const text = await textOf(data, "from=499")
  assert.is(text.split("\n").filter((line) => /^10\.4\.\d/.test(line)).length, 1)
})

async function vipPage(query: string, accept = ""): Promise<HttpAnswer> {
  const sources = {
    page: () => Promise.resolve(pageData()),
    pageTexts: readPageTexts,
    node: "n1",
    generations: GENERATIONS,
    explain,
  }
  const { "/vip": route } = createPages(() => sources)
  if (route === undefined) throw new Error("there is such a page")
  return route({ ...REQUEST, path: "/vip", query, accept })
}

test("GET /vip shows what was written, a caret under the mistake, the pods and the lines of keepalived.conf", async () => {
  const query = "object=ConfigMap+default%2Fvips&entry=10.4.0.53"
  const { body, headers = {} } = await vipPage(query)
  assert.match(headers["content-security-policy"] ?? "", "default-src 'none'")
  assert.not.match(body, "<script")
  const text = (await vipPage(query, "text/plain")).body
  for (const words of ["  10.4.0.53: shop/frontned <script>\n", "10.244.0.2", "lb_algo wrr"])
    assert.ok(body.includes(words.replace("<", "&lt;").replace(">", "&gt;")), words)
  assert.match(body, "\n             ^</pre>")
  assert.match(text, "\n      10.4.0.53: shop/frontned <script>\n                 ^\n")
  assert.match(text, "Pods: 1 ready, 1 draining, 1 on a node that does not answer")
  for (const words of ["10.244.0.1:8080", "real server, weight 1", "not a real server", "&lt;b&gt;n2&lt;/b&gt;"])
    assert.ok(body.includes(words), words)
  assert.match(text, "10.244.0.9  <b>n2</b>  not ready: it is not ready")
  assert.match(text, "Service shop/frontned (NAT): it does not exist")
  assert.is((await vipPage("object=x&entry=../y")).status, 404)
})

test("the page of a VIP stays below 60 kB, and says what it leaves out", () => {
  const found = explain({ object: "ConfigMap default/vips", entry: "10.4.0.53" })
  const [service] = found?.services ?? []
  const [port] = service?.ports ?? []
  const [source] = port?.sources ?? []
  const [endpoint] = source?.endpoints ?? []
  if (found === null || service === undefined || port === undefined || source === undefined || endpoint === undefined)
    throw new Error("there is an endpoint")
  const endpoints = Array.from({ length: 1_000 }, () => ({ ...endpoint, node: HOSTILE, why: HOSTILE.repeat(9) }))
  const ports = Array.from({ length: 20 }, () => ({ ...port, name: HOSTILE, sources: [{ ...source, endpoints }] }))
  const services = Array.from({ length: 5 }, () => ({ ...service, ports }))
  const html = explanationHtml(compilePages(readPageTexts()), { ...found, services })
  assert.ok(Buffer.byteLength(html) < 60_000, `${Buffer.byteLength(html)}`)
  assert.match(html, " more endpoints.")
})

test("each VIP of the page leads to its own page", async () => {
  const html = await htmlOf(brokenEntry())
  const link = /<a class="mono" href="\/vip\?([^"]*)">10\.4\.0\.53</.exec(html)?.[1] ?? ""
  const query = link.replaceAll("&#x3D;", "=").replaceAll("&amp;", "&")
  assert.is((await vipPage(query)).status, 200)
})

test("statusJson() has everything that the page shows beside the fields of status.yaml", () => {
  const data = pageData()
  const json: unknown = JSON.parse(statusJson({ ...STATUS }, data))
  const { time, ...rest } = STATUS
  const expected = { time, ...rest, agent: data.agent, sync: data.sync, instances: data.instances, cluster: data.nodes }
  for (const [key, value] of Object.entries(expected)) assert.equal((json as Record<string, unknown>)[key], value, key)
  assert.is(statusJson(null, data), "null\n")
})

test.run()
