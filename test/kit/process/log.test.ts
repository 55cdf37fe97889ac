import { test } from "uvu"
import * as assert from "uvu/assert"
import { createLog, type LogLevel } from "../../../src/kit/process/log.ts"
import { run } from "../../support/run.ts"

function logged(level: LogLevel) {
  const lines: string[] = []
  const log = createLog({ program: "test" }, { level, write: (line) => void lines.push(line) })
  return { log, lines, records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test("createLog() writes one JSON line per event with bindings, fields and an ISO time", () => {
  const { log, lines, records } = logged("info")
  log.info("reconciled", { generation: 7, tookMs: 41 })
  assert.is(lines.length, 1)
  assert.match(lines[0] ?? "", /^\{.*\}\n$/)
  const { time, ...rest } = records()[0] ?? {}
  assert.equal(rest, { level: "info", program: "test", generation: 7, tookMs: 41, event: "reconciled" })
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

test("createLog() escapes everything that controls a terminal, and keeps the meaning of the JSON", () => {
  const { log, lines, records } = logged("info")
  const text = "\u001b[2J\u009b2J\r\n\u2028\u202e"
  log.info("reconciled", { reason: text, error: new Error(text) })
  assert.is(lines[0]?.trimEnd().match(/[^ -~]/g), null)
  assert.is(records()[0]?.["reason"], text)
})

const levels: readonly [level: LogLevel, events: readonly string[]][] = [
  ["debug", ["debug", "info", "warn", "error"]],
  ["info", ["info", "warn", "error"]],
  ["warn", ["warn", "error"]],
  ["error", ["error"]],
  ["silent", []],
]
for (const [level, events] of levels) {
  test(`createLog() at level ${level} writes ${events.length === 0 ? "nothing" : events.join(", ")}`, () => {
    const { log, records } = logged(level)
    log.debug("debug")
    log.info("info")
    log.warn("warn")
    log.error("error")
    assert.equal(
      records().map((record) => [record["level"], record["event"]]),
      events.map((event) => [event, event]),
    )
  })
}

test("createLog() writes an error with its causes and its stack", () => {
  const { log, records } = logged("info")
  log.error("stranded", { error: new Error("Cannot read", { cause: new Error("EACCES") }) })
  const error = records()[0]?.["error"] as { message: string; stack: string }
  assert.is(error.message, "Cannot read: EACCES")
  assert.match(error.stack, /log\.test\.ts/)
})

test("createLog() writes to standard error at once: a crash loses nothing", async () => {
  const url = new URL("../../../src/kit/process/log.ts", import.meta.url).href
  const program = `import { createLog } from "${url}"
createLog({}, { level: "info" }).info("last words")
process.kill(process.pid, "SIGKILL")`
  const ended = await run(process.execPath, ["--input-type=module", "--eval", program])
  assert.is(ended.signal, "SIGKILL")
  assert.is(ended.stdout, "")
  assert.match(ended.stderr, /"event":"last words"/)
})

test.run()
