/**
 * Opens connections to 127.0.0.1, as a process of its own, and keeps that many open against whatever the server does: each one that ends is opened again.
 * Usage: node hostile-clients.ts PORT COUNT. Prints one line once it has opened COUNT connections, of all kinds in turn, and goes on until it is killed.
 */
import { connect, type Socket } from "node:net"

const REQUEST = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n"

const kinds: readonly ((socket: Socket) => void)[] = [
  // Sends nothing.
  (socket) => void socket.resume(),
  // Half a request.
  (socket) => void socket.resume().write("GET /livez HTTP/1.1\r\nHost: a\r\n"),
  // One byte at a time.
  (socket) => {
    let sent = 0
    const timer = setInterval(() => socket.write(REQUEST[sent++ % REQUEST.length] ?? ""), 500)
    socket.resume().once("close", () => clearInterval(timer))
  },
  // Never reads its answer.
  (socket) => void socket.pause().write(REQUEST),
  // Many requests at once.
  (socket) => void socket.pause().write(REQUEST.repeat(500)),
  // A body without an end, and headers without one.
  (socket) => void socket.resume().write("POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nx"),
  (socket) => void socket.resume().write(`GET /livez HTTP/1.1\r\nx: ${"y".repeat(60_000)}`),
]

/** What the client waits before it opens a connection again: with all of them at once it would only measure itself. */
const REOPEN_MS = 1_000
/** Connections under way at one time while it begins. */
const TOGETHER = 200

const [port = "", count = ""] = process.argv.slice(2)

let opened = 0
for (let index = 0; index < TOGETHER; index++) open()

/** Opens a connection, then the next one; once COUNT were opened each one that ends is opened again. */
function open(): void {
  let isOpened = false
  const socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true })
  const next = () => {
    if (opened < Number(count)) open()
  }
  socket.once("connect", () => {
    isOpened = true
    kinds[opened % kinds.length]?.(socket)
    if (++opened === Number(count)) process.stdout.write("opened\n")
    next()
  })
  socket.on("error", () => {})
  socket.once("close", () => (isOpened ? setTimeout(open, REOPEN_MS) : next()))
}
