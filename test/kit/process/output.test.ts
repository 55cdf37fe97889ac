import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, constants, openSync, readSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { createOutput } from "../../../src/kit/process/output.ts"
import { slow } from "../../support/slow.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const failing = (code: string) => Object.assign(new Error(code), { code })

/** A reader with room for so many bytes. */
function reader(room: number) {
  let text = ""
  let fault = "EAGAIN"
  return {
    text: () => text,
    makeRoom: (bytes: number) => void (room = bytes),
    failWith: (code: string) => void (fault = code),
    put: (bytes: Uint8Array) => {
      const taken = Math.min(room, bytes.length)
      if (taken === 0) throw failing(fault)
      room -= taken
      text += Buffer.from(bytes.subarray(0, taken)).toString()
      return taken
    },
  }
}

test("createOutput() keeps the order of what waits for a slow reader", () => {
  const { text, makeRoom, put } = reader(5)
  const output = createOutput(put)
  for (const line of ["one\n", "two\n", "three\n"]) output.write(line)
  assert.is(text(), "one\nt")
  makeRoom(100)
  output.write("four\n")
  assert.is(text(), "one\ntwo\nthree\nfour\n")
})

test("createOutput() drops whole lines while the reader is too slow, and gives their number once it goes on (fault 222)", () => {
  const { text, makeRoom, put } = reader(0)
  const output = createOutput(put)
  output.onLost((count) => `lost ${count}\n`)
  const line = `${"x".repeat(1023)}\n`
  for (let written = 0; written < 1_000; written++) output.write(line)
  makeRoom(10_000_000)
  output.write("after\n")
  assert.is(text(), `${line.repeat(256)}lost ${1_000 - 256}\nafter\n`)
})

test("createOutput() writes a text that is longer than the waiting limit", () => {
  const { text, put } = reader(10_000_000)
  createOutput(put).write("x".repeat(1_000_000))
  assert.is(text().length, 1_000_000)
})

test("createOutput() survives a full disk and a reader that has ended", () => {
  for (const code of ["ENOSPC", "EPIPE", "EIO"]) {
    const { text, makeRoom, failWith, put } = reader(0)
    failWith(code)
    const output = createOutput(put)
    output.write("one\n")
    const startedAt = performance.now()
    output.flush(5_000)
    assert.ok(performance.now() - startedAt < 4_000, "waiting for it is in vain")
    makeRoom(100)
    output.write("two\n")
    assert.is(text(), "one\ntwo\n")
  }
})

const log = new URL("../../../src/kit/process/log.ts", import.meta.url).href
const LINES = 5_000
const talkative = `import { createLog } from "${log}"
const log = createLog({}, { level: "info" })
for (let line = 0; line < ${LINES}; line++) log.info("line", { line, filler: "${"x".repeat(200)}" })
process.stdout.write("written")
process.stdin.once("data", () => {
  log.info("last", {})
  process.exit(7)
})`

function started(program: string, standardError: "pipe" | number): ChildProcess {
  return spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["pipe", "pipe", standardError] })
}

/** A pipe that nobody reads until it is asked what it holds. */
async function withPipe(use: (descriptor: number, read: () => string) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const path = join(directory, "pipe")
    execFileSync("mkfifo", [path])
    const descriptor = openSync(path, constants.O_RDWR)
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const room = Buffer.alloc(1_000_000)
    const read = () => {
      try {
        return room.toString("utf8", 0, readSync(reader, room))
      } catch {
        return ""
      }
    }
    try {
      await use(descriptor, read)
    } finally {
      closeSync(descriptor)
      closeSync(reader)
    }
  })
}

interface Line {
  readonly event: string
  readonly line?: number
  readonly count?: number
}

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line)

/** What was written is whole and in order; what is missing is counted where it is missing. */
function assertNothingUnsaid(lines: readonly Line[]): void {
  let next = 0
  for (const { event, line, count } of lines) {
    if (event === "log-lines-dropped") next += count ?? 0
    else if (event === "line") assert.is(line, next++)
  }
}

test(
  "a log to a pipe without a reader never blocks its program; the next reader learns the number of dropped lines, and gets the last ones (faults 222, 223)",
  slow(60_000, () =>
    withPipe(async (descriptor, read) => {
      const child = started(talkative, descriptor)
      const ended = once(child, "close")
      assert.ok(child.stdout !== null && child.stdin !== null)
      assert.is(String((await once(child.stdout, "data"))[0]), "written")
      let text = ""
      const reading = setInterval(() => (text += read()), 10)
      while (!text.includes("log-lines-dropped")) await new Promise((resolve) => setTimeout(resolve, 10))
      child.stdin.write("end")
      assert.is((await ended)[0], 7)
      clearInterval(reading)
      text += read()
      const lines = linesOf(text)
      assertNothingUnsaid(lines)
      assert.is(lines.at(-1)?.event, "last")
    }),
  ),
)

test(
  "a program whose log has no reader ends in time (fault 223)",
  slow(60_000, () =>
    withPipe(async (descriptor) => {
      const child = started(talkative, descriptor)
      const ended = once(child, "close")
      assert.ok(child.stdout !== null && child.stdin !== null)
      await once(child.stdout, "data")
      const startedAt = performance.now()
      child.stdin.write("end")
      assert.is((await ended)[0], 7)
      assert.ok(performance.now() - startedAt < 10_000)
    }),
  ),
)

test(
  "a log to a socket without a reader never blocks its program (fault 222)",
  slow(60_000, async () => {
    const child = started(talkative, "pipe")
    assert.ok(child.stdout !== null && child.stdin !== null && child.stderr !== null)
    assert.is(String((await once(child.stdout, "data"))[0]), "written")
    let text = ""
    child.stderr.setEncoding("utf8").on("data", (more: string) => (text += more))
    while (!text.includes("log-lines-dropped")) await new Promise((resolve) => setTimeout(resolve, 10))
    child.stdin.write("end")
    assert.is((await once(child, "close"))[0], 7)
    assertNothingUnsaid(linesOf(text))
  }),
)

test.run()
