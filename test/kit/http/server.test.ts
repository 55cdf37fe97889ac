import { Agent, get } from "node:http"
import { connect } from "node:net"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { HttpRequest } from "../../../src/kit/http/request.ts"
import { type HttpOptions, type HttpServer, serve } from "../../../src/kit/http/server.ts"

const routes = {
  "/health": () => ({ status: 200, type: "text/plain", body: "OK\n" }),
  "/later": async () => ({ status: 503, type: "application/json", body: '{"é":1}' }),
  "/broken": () => {
    throw new Error("Cannot count", { cause: new Error("no numbers") })
  },
}

async function served(use: (url: string, server: HttpServer) => Promise<void>, more: Partial<HttpOptions> = {}) {
  const server = await serve({ port: 0, address: "127.0.0.1", routes, ...more })
  try {
    await use(`http://127.0.0.1:${server.port}`, server)
  } finally {
    await server.close()
  }
}

const answers: readonly [method: string, path: string, status: number, type: string, body: RegExp][] = [
  ["GET", "/health", 200, "text/plain; charset=utf-8", /^OK\n$/],
  ["GET", "/health?verbose=1", 200, "text/plain; charset=utf-8", /^OK\n$/],
  ["HEAD", "/health", 200, "text/plain; charset=utf-8", /^$/],
  ["GET", "/later", 503, "application/json; charset=utf-8", /^\{"é":1\}$/],
  [
    "GET",
    "/nowhere",
    404,
    "text/plain; charset=utf-8",
    /^Cannot find \/nowhere: there are\n\/health\n\/later\n\/broken\n$/,
  ],
  ["GET", "/toString", 404, "text/plain; charset=utf-8", /there are/],
  ["POST", "/health", 405, "text/plain; charset=utf-8", /^Cannot POST \/health: only GET and HEAD/],
  ["GET", "/broken", 500, "text/plain; charset=utf-8", /^Cannot answer \/broken: Cannot count: no numbers\n$/],
]
for (const [method, path, status, type, body] of answers) {
  test(`serve() answers ${method} ${path} with ${status}`, () =>
    served(async (url) => {
      const response = await fetch(url + path, { method })
      assert.is(response.status, status)
      assert.is(response.headers.get("content-type"), type)
      assert.match(await response.text(), body)
    }))
}

const pages = {
  "/echo": ({ query, accept, host }: HttpRequest) => ({
    ...{ status: 200, type: "text/plain", headers: { "x-frame-options": "DENY" } },
    body: JSON.stringify({ query, accept, host }),
  }),
}

test("serve() gives a page the query and the headers Accept and Host, and sends the headers of its answer", () =>
  served(
    async (url, { port }) => {
      const response = await fetch(`${url}/echo?a=1&b=%3C?`, { headers: { accept: "text/plain;q=0.5, a:b" } })
      assert.equal(await response.json(), {
        ...{ query: "a=1&b=%3C?", accept: "text/plain;q=0.5, a:b", host: `127.0.0.1:${port}` },
      })
      assert.is(response.headers.get("x-frame-options"), "DENY")
      assert.is(await exchanged(port, "GET /echo HTTP/1.0\r\n\r\n"), '{"query":"","accept":"","host":""}')
      assert.match(await (await fetch(`${url}/nowhere`)).text(), "/broken\n/echo\n")
    },
    { pages },
  ))

test("serve() shares an answer of a page among clients that ask for the same, and only among them", () => {
  const asked: string[] = []
  const counting = (request: HttpRequest) => {
    asked.push(request.query)
    return pages["/echo"](request)
  }
  return served(
    async (url) => {
      const urls = ["a", "b", "a", "b"].map((query) => `${url}/echo?${query}`)
      const found = await Promise.all(
        urls.map(async (one) => /"query":"(\w)"/.exec(await (await fetch(one)).text())?.[1]),
      )
      assert.equal(found, ["a", "b", "a", "b"])
      assert.ok(asked.length >= 2 && asked.length <= 4)
    },
    { pages: { "/echo": counting } },
  )
})

/** The body that the server sends for the bytes of a request. */
function exchanged(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = ""
    const socket = connect(port, "127.0.0.1", () => socket.write(request))
    socket.on("data", (chunk) => (all += chunk.toString()))
    socket.on("error", reject)
    socket.on("end", () => resolve(all.slice(all.indexOf("\r\n\r\n") + 4)))
  })
}

test("serve() sends the length of the body, in bytes, to HEAD and GET alike", () =>
  served(async (url) => {
    for (const method of ["GET", "HEAD"]) {
      const response = await fetch(`${url}/later`, { method })
      assert.is(response.headers.get("content-length"), String(Buffer.byteLength('{"é":1}')))
    }
  }))

test("serve() quotes the request as text, which no browser runs", () =>
  served(async (url) => {
    const response = await fetch(`${url}/%3Cscript%3Ealert(1)%3C/script%3E`)
    assert.is(response.headers.get("content-type"), "text/plain; charset=utf-8")
    assert.is(response.headers.get("x-content-type-options"), "nosniff")
  }))

test("serve() names the allowed methods with 405", () =>
  served(async (url) => {
    const response = await fetch(`${url}/health`, { method: "DELETE" })
    assert.is(response.headers.get("allow"), "GET, HEAD")
  }))

test("onFault gets the path and the error that a route threw", async () => {
  const faults: [string, unknown][] = []
  await served(async (url) => void (await fetch(`${url}/broken`)), { onFault: (...fault) => faults.push(fault) })
  assert.is(faults.length, 1)
  assert.is(faults[0]?.[0], "/broken")
  assert.match(String(faults[0]?.[1]), "Cannot count")
})

test("serve() says that another program has the port", () =>
  served(async (_, { port }) => {
    try {
      await serve({ port, address: "127.0.0.1", routes })
      assert.unreachable()
    } catch (error) {
      assert.instance(error, Error)
      assert.is(
        error instanceof Error && error.message,
        `Cannot listen on 127.0.0.1 port ${port} (another program has it; stop that one or choose another port)`,
      )
    }
  }))

test("close() does not wait for connections that clients keep open", () =>
  served(async (url, server) => {
    const agent = new Agent({ keepAlive: true })
    await new Promise<void>((resolve, reject) => {
      get(`${url}/health`, { agent }, (response) => response.resume().on("end", resolve)).on("error", reject)
    })
    const startedAt = performance.now()
    await server.close()
    assert.ok(performance.now() - startedAt < 500)
    agent.destroy()
  }))

test("close() lets an answer in progress end", async () => {
  let closing = Promise.resolve()
  let closed = false
  const route = async () => {
    closing = server.close().then(() => void (closed = true))
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.not(closed)
    return { status: 200, type: "text/plain", body: "done" }
  }
  const server = await serve({ port: 0, address: "127.0.0.1", routes: { "/slow": route } })
  const response = await fetch(`http://127.0.0.1:${server.port}/slow`)
  const startedAt = performance.now()
  assert.is(await response.text(), "done")
  await closing
  assert.ok(closed)
  assert.ok(performance.now() - startedAt < 500, "the connection is not kept open")
})

test("close() cuts off a client that sends nothing", () =>
  served(async (url, server) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1").on("error", () => {})
    const gone = new Promise((resolve) => socket.on("close", resolve))
    await new Promise((resolve) => socket.on("connect", resolve))
    socket.write("GET /health HTTP/1.1\r\n")
    const startedAt = performance.now()
    await server.close()
    await gone
    assert.ok(performance.now() - startedAt < 2_000)
  }))

test.run()
