import { chmod, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { createHook, type HookOptions, NOBODY, type Told } from "../../../src/sidecar/notify/hook.ts"
import { slow } from "../../support/slow.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const MASTER: Told = { instance: "vips", state: "MASTER", priority: 254 }
/** Only root can become nobody. */
const user = process.getuid?.() === 0 ? NOBODY : null

/** Calls `use` with a hook that runs a script for sh. */
async function withScript(
  body: string,
  use: (hook: ReturnType<typeof createHook>, directory: string) => Promise<void>,
  options: Partial<HookOptions> = {},
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    await chmod(directory, 0o777)
    const program = join(directory, "notify.sh")
    await writeFile(program, `#!/bin/sh\n${body}\n`, { mode: 0o755 })
    await use(createHook({ program, limitMs: 10_000, environment: {}, user, ...options }), directory)
  })
}

test("createHook() gives the four words of keepalived.conf(5) and the environment", () =>
  withScript(
    'echo "$# $1 $2 $3 $4 $TOKEN"',
    async (hook) => {
      const result = await hook(MASTER)
      assert.equal([result.kind, result.output], ["done", "4 INSTANCE vips MASTER 254 secret"])
    },
    { environment: { TOKEN: "secret" } },
  ))

test("createHook() calls as nobody, without groups and capabilities, and without a way to get any", () =>
  withScript("id -u; id -G; grep -E '^(CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs)' /proc/self/status", async (hook) => {
    const { output } = await hook(MASTER)
    const who = user === null ? [process.getuid?.(), process.getgroups?.().join(" ")] : [NOBODY, NOBODY]
    const none = (name: string) => `${name}:\t0000000000000000`
    assert.is(
      output,
      [...who, none("CapInh"), none("CapPrm"), none("CapEff"), none("CapAmb"), "NoNewPrivs:\t1"].join("\n"),
    )
  }))

const failures: [what: string, body: string, why: RegExp, output: string][] = [
  ["a status", "echo no token >&2; exit 3", /^it ended with status 3$/, "no token"],
  ["a signal", "kill -9 $$", /^SIGKILL ended it$|^it ended with status 137$/, ""],
]
for (const [what, body, why, output] of failures)
  test(`createHook() says that a program ended with ${what}, and what it printed`, () =>
    withScript(body, async (hook) => {
      const result = await hook(MASTER)
      assert.is.not(result.kind, "done")
      if (result.kind !== "done") assert.match(result.why, why)
      assert.is(result.output, output)
    }))

test("createHook() says that there is no such program, or that nobody must not execute it", () =>
  withScript("true", async (_, directory) => {
    const made = { limitMs: 1_000, environment: {}, user }
    const missing = await createHook({ program: "/nonexistent/notify.sh", ...made })(MASTER)
    assert.ok(missing.kind === "failed")
    assert.match(missing.why, "there is no such program in this container")
    await chmod(join(directory, "notify.sh"), 0o600)
    const closed = await createHook({ program: join(directory, "notify.sh"), ...made })(MASTER)
    assert.ok(closed.kind === "failed")
    assert.match(closed.why, "user 65534 must not execute it: set its mode to 0555")
  }))

test(
  "createHook() ends a program that ignores SIGTERM, and what it has started (fault 291)",
  slow(20_000, () =>
    withScript(
      // The loop is a child of its own.
      'trap "" TERM; echo begun; (trap "" TERM; while :; do echo x >> "$(dirname "$0")/beats"; sleep 0.1; done) & wait; sleep 60',
      async (hook, directory) => {
        const began = performance.now()
        const result = await hook(MASTER)
        assert.equal([result.kind, result.output], ["timed-out", "begun"])
        assert.ok(result.kind === "timed-out")
        assert.is(result.why, "it did not end within 1 s")
        assert.ok(performance.now() - began < 8_000)
        const beats = await readFile(join(directory, "beats"), "utf8")
        await new Promise((resolve) => setTimeout(resolve, 500))
        assert.is(await readFile(join(directory, "beats"), "utf8"), beats)
      },
      { limitMs: 1_000 },
    ),
  ),
)

test("createHook() does not wait for what a program leaves behind with its output open", () =>
  withScript("sleep 30 & echo done", async (hook) => {
    const began = performance.now()
    assert.equal((await hook(MASTER)).kind, "done")
    assert.ok(performance.now() - began < 5_000)
  }))

test.run()
