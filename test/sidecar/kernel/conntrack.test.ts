import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { forgetFlows } from "../../../src/sidecar/kernel/conntrack.ts"
import { createNetworkNamespace, rootObjection, script } from "../../support/keepalived.ts"
import { compare } from "../../../src/kit/problem.ts"
import { run } from "../../support/run.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const objection = rootObjection()
if (objection !== null) console.error(`conntrack.test.ts: ${objection}`)
const rootTest = objection === null ? test : test.skip

const SERVER = { address: "10.4.0.50", port: 53, protocol: "UDP" } as const
const NOTHING = "conntrack v1.4.8 (conntrack-tools): 0 flow entries have been deleted."

async function forget(said: string, status: number): Promise<string> {
  return withTemporaryDirectory(async (directory) => {
    const program = await script(join(directory, "fake-conntrack"), `echo "${said}" >&2; exit ${status}`)
    return forgetFlows(program, SERVER).then(String, String)
  })
}

test("forgetFlows() reads how many there were", async () => {
  assert.is(await forget("conntrack v1.4.8 (conntrack-tools): 3 flow entries have been deleted.", 0), "3")
  assert.is(await forget(NOTHING, 1), "0")
})

test("forgetFlows() says what failed, and what to do", async () => {
  const said = await forget("conntrack v1.4.8 (conntrack-tools): Operation failed: sorry, you must be root", 1)
  assert.match(
    said,
    /Cannot forget the flows of 10.4.0.50 53 UDP: .* ended with 1 \(.*must be root\).*nf_conntrack_netlink/,
  )
  assert.match(String(await forgetFlows("/nonexistent/conntrack", SERVER).catch(String)), /there is no such program/)
})

/** `conntrack -I` makes an entry that is answered from the address and port that it was sent to, unless it says otherwise. */
const flow = (client: number, vip: string, port: number, ...answered: readonly string[]) => [
  ...["-I", "-p", "udp", "-t", "60", "-s", "10.4.0.148", "--sport", String(client), "-d", vip, "--dport", String(port)],
  ...answered,
]

rootTest("forgetFlows() in a real kernel forgets what IPVS has not taken, and nothing else (fault 231)", async () => {
  const namespace = await createNetworkNamespace()
  try {
    await withTemporaryDirectory(async (directory) => {
      const program = await namespace.wrap(join(directory, "conntrack"), "conntrack")
      const bySNAT = ["--reply-src", "10.2.68.5", "--reply-dst", "10.4.0.3"]
      for (const words of [
        flow(40_000, "10.4.0.50", 53),
        flow(40_001, "10.4.0.50", 53, ...bySNAT, "--reply-port-src", "5353", "--reply-port-dst", "40001"),
        flow(40_002, "10.4.0.50", 54),
        flow(40_003, "10.4.0.51", 53),
      ]) {
        const made = await run(program, words)
        assert.is(made.status, 0, made.stderr)
      }
      const left = async () =>
        [...(await run(program, ["-L", "-p", "udp"])).stdout.matchAll(/src=10\.4\.0\.148 .*?sport=(\d+)/g)]
          .map(([, port = ""]) => port)
          .toSorted(compare)
      assert.equal(await left(), ["40000", "40001", "40002", "40003"])
      assert.is(await forgetFlows(program, SERVER), 1)
      assert.equal(await left(), ["40001", "40002", "40003"])
      assert.is(await forgetFlows(program, SERVER), 0)
    })
  } finally {
    await namespace.remove()
  }
})

test.run()
