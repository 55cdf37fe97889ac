import { once } from "node:events"
import { cp, mkdir, readdir, symlink, writeFile } from "node:fs/promises"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { takeLock } from "../../src/kit/files/lock.ts"
import { packageFile } from "../../src/kit/files/package-file.ts"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

/** One that no other test has: the lock is one for the whole machine. */
const VRID = "231"

/** Starts the sidecar of a copied package, on a volume of its own, with programs that write down that they were called. */
async function started(spoil: (directory: string) => Promise<void>, httpPort = 0) {
  return withTemporaryDirectory(async (directory) => {
    const root = packageFile("", import.meta.url)
    for (const part of ["src", "templates", "package.json"])
      await cp(join(root, part), join(directory, part), { recursive: true })
    await symlink(join(root, "node_modules"), join(directory, "node_modules"))
    const tools = join(directory, "tools")
    await mkdir(tools)
    for (const tool of ["keepalived", "s6-svc", "s6-svstat", "ipvsadm", "iptables", "ip"])
      await writeFile(
        join(tools, tool),
        `#!/bin/sh\n[ "$1" = --version ] && { echo 'Keepalived v2.2.7' >&2; exit; }\necho ${tool} "$@" >> ${directory}/called\n`,
        { mode: 0o755 },
      )
    await mkdir(join(directory, "desired"))
    await spoil(directory)
    const words = [
      ...[
        "--desired",
        join(directory, "desired"),
        "--applied",
        join(directory, "applied"),
        "--state",
        join(directory, "state"),
      ],
      ...[
        "--run-dir",
        join(directory, "run"),
        "--service",
        join(directory, "service"),
        "--http-port",
        String(httpPort),
      ],
      ...["--keepalived", join(tools, "keepalived"), "--vrid", VRID],
    ]
    const ended = await run(process.execPath, [join(directory, "src/kkv.ts"), "sidecar", ...words], {
      directory,
      environment: { PATH: `${tools}:/bin:/usr/bin` },
      limitMs: 55_000,
    })
    const left: readonly string[] = await readdir(join(directory, "applied")).catch(() => [])
    const called = (await readdir(directory)).includes("called")
    return { ...ended, left, called }
  })
}

for (const [what, template, says] of [
  ["does not parse", "virtual_server {{address} {\n", /Parse error on line 1/],
  ["asks for a function that there is not", "{{lower address}}\n", /"virtual-server", line 1/],
  ["decides", "{{#if address}}x{{/if}}\n", /only names and lists \("each"\) are allowed/],
] as const)
  test(
    `the image has a template that ${what}: the sidecar ends at its start and leaves keepalived alone (fault 66)`,
    slow(60_000, async () => {
      const { status, stderr, stdout, left, called } = await started((directory) =>
        writeFile(join(directory, "templates/virtual-server.hbs"), template),
      )
      assert.not.equal(status, 0)
      assert.match(stderr + stdout, says)
      assert.not.ok(called, "no program was called")
      assert.not.ok(left.includes("keepalived.conf"))
    }),
  )

test(
  "another sidecar of the node has the virtual router ID: the second ends with 3 and touches nothing (faults 41, 63, 74)",
  slow(60_000, async () => {
    const lock = await takeLock(`kkv-sidecar-${VRID}`)
    assert.ok(lock !== null)
    try {
      const { status, stderr, left, called } = await started(() => Promise.resolve())
      assert.is(status, 3)
      assert.match(
        stderr,
        new RegExp(
          `another sidecar on this node has virtual router ID ${VRID}; stop it, or choose another with --vrid`,
        ),
      )
      assert.equal([left, called], [[], false])
    } finally {
      await lock.release()
    }
  }),
)

test(
  "another program has the port of the answers: the sidecar says so, ends with 3 and touches nothing (fault 221)",
  slow(60_000, async () => {
    const stranger = createServer().listen(0, "127.0.0.1")
    await once(stranger, "listening")
    const { port } = stranger.address() as AddressInfo
    try {
      const { status, stderr, left, called } = await started(() => Promise.resolve(), port)
      assert.is(status, 3, stderr)
      assert.is(
        stderr,
        `kkv: Cannot listen on 127.0.0.1 port ${port} (another program has it; stop that one or choose another port): listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
      )
      assert.equal([left, called], [[], false])
    } finally {
      stranger.close()
    }
  }),
)

test.run()
